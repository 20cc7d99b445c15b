//go:build unix

package fileroot

import "syscall"

const nonBlock = syscall.O_NONBLOCK
