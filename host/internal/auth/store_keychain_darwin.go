package auth

import (
	"errors"
	"os/exec"
)

// keychainReason sorts the exit statuses of /usr/bin/security, which are the low
// bytes of the OSStatus values of SecBase.h.
func keychainReason(err error) KeychainReason {
	var (
		program *exec.Error
		exit    *exec.ExitError
	)
	switch {
	case errors.As(err, &program):
		return KeychainAbsent
	case !errors.As(err, &exit):
		return KeychainFailed
	}
	switch exit.ExitCode() {
	case 36, // errSecInteractionNotAllowed -25308
		51,  // errSecAuthFailed -25293
		128: // errSecUserCanceled -128
		return KeychainLocked
	case 37, // errSecNoDefaultKeychain -25307
		50: // errSecNoSuchKeychain -25294
		return KeychainAbsent
	}
	return KeychainFailed
}
