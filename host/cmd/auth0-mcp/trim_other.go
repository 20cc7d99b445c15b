//go:build !linux

package main

import "runtime/debug"

// trimMemory gives back what the start took.
func trimMemory() { debug.FreeOSMemory() }
