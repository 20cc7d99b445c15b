//go:build !windows

package console

import "os"

func takesColour(*os.File) bool { return true }
