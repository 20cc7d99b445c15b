//go:build !linux && !darwin && !windows

package auth

import (
	"errors"

	"github.com/zalando/go-keyring"
)

func keychainReason(err error) KeychainReason {
	if errors.Is(err, keyring.ErrUnsupportedPlatform) {
		return KeychainAbsent
	}
	return KeychainFailed
}
