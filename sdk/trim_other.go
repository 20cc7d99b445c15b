//go:build !linux

package sdk

import "runtime/debug"

// trimMemory gives back what the start took.
func trimMemory() { debug.FreeOSMemory() }
