//go:build !linux

package cli

func protectProcess() {}
