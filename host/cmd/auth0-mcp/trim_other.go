//go:build !linux

package main

import "runtime/debug"

// trimMemory gives back what the start or a launch took.
func trimMemory() { debug.FreeOSMemory() }

// releaseProgram does nothing: only Linux maps more of a program than is used.
func releaseProgram() {}
