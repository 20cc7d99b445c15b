//go:build !unix

package supervisor

import "os"

// ownedByUser: the folder for temporary files is the user's own here.
func ownedByUser(os.FileInfo) bool { return true }
