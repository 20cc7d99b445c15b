package auth

import (
	"errors"
	"syscall"
)

// keychainReason sorts the errors of CredRead, CredWrite and CredDelete
// (https://learn.microsoft.com/windows/win32/api/wincred/).
func keychainReason(err error) KeychainReason {
	// The logon session has no credential set: a network logon, such as SSH with a key.
	const noSuchLogonSession syscall.Errno = 1312
	if errors.Is(err, noSuchLogonSession) {
		return KeychainAbsent
	}
	return KeychainFailed
}
