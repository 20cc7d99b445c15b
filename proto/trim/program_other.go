//go:build !linux

package trim

type pages struct{}

func program() []pages { return nil }

func release([]pages) {}
