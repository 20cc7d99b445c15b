//go:build unix && !linux

package atomicfile

// unmappedRoot: user namespaces are Linux's.
func unmappedRoot() uint32 { return 0 }

// hasACL: lists are not read here.
func hasACL(string) bool { return false }
