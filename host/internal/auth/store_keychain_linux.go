package auth

import (
	"errors"
	"io/fs"
	"net"
	"os/exec"
	"strings"

	"github.com/godbus/dbus/v5"
	"github.com/zalando/go-keyring"
	ss "github.com/zalando/go-keyring/secret_service"
)

func keychainReason(err error) KeychainReason { return secretServiceReason(err, secretServiceLocked) }

// secretServiceReason sorts the errors of the Secret Service. Its library reports a
// prompt that was dismissed, or could not be shown, as an error without a type: so
// the state of the collection is asked for.
func secretServiceReason(err error, locked func() bool) KeychainReason {
	var (
		remote  dbus.Error
		network net.Error
		program *exec.Error
		file    *fs.PathError
	)
	switch {
	case errors.Is(err, keyring.ErrUnsupportedPlatform), errors.As(err, &network), errors.As(err,
		&program), errors.As(err, &file):
		return KeychainAbsent
	case errors.As(err, &remote):
		// https://dbus.freedesktop.org/doc/dbus-specification.html and
		// https://specifications.freedesktop.org/secret-service-spec/latest/errors.html
		switch name := remote.Name; {
		case name == "org.freedesktop.Secret.Error.IsLocked":
			return KeychainLocked
		case name == "org.freedesktop.DBus.Error.ServiceUnknown",
			name == "org.freedesktop.DBus.Error.NameHasNoOwner",
			name == "org.freedesktop.DBus.Error.NoServer",
			name == "org.freedesktop.DBus.Error.UnknownMethod", // no Secret Service behind the name
			name == "org.freedesktop.DBus.Error.UnknownObject", // no collection at all
			strings.HasPrefix(name, "org.freedesktop.DBus.Error.Spawn."):
			return KeychainAbsent
		}
	}
	if locked() {
		return KeychainLocked
	}
	return KeychainFailed
}

// secretServiceLocked asks whether the collection that go-keyring uses is locked.
func secretServiceLocked() bool {
	service, err := ss.NewSecretService()
	if err != nil {
		return false
	}
	property, err := service.GetLoginCollection().GetProperty("org.freedesktop.Secret.Collection.Locked")
	if err != nil {
		return false
	}
	locked, _ := property.Value().(bool)
	return locked
}
