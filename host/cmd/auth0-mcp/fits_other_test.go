//go:build !linux

package main

import "os"

// fits is for Linux only, as screen.
func fits() { os.Exit(2) }
