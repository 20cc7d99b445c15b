package auth

import (
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os/exec"
	"testing"

	"github.com/godbus/dbus/v5"
	"github.com/zalando/go-keyring"
)

func TestSecretServiceReason(t *testing.T) {
	remote := func(name string) error {
		return fmt.Errorf("x: %w", dbus.Error{Name: "org.freedesktop." + name, Body: []any{"words"}})
	}
	for name, tt := range map[string]struct {
		err    error
		locked bool
		want   KeychainReason
	}{
		"no service on the bus": {remote("DBus.Error.ServiceUnknown"), false, KeychainAbsent},
		"could not start":       {remote("DBus.Error.Spawn.ChildExited"), false, KeychainAbsent},
		"no collection":         {remote("DBus.Error.UnknownObject"), false, KeychainAbsent},
		"no socket":             {&net.OpError{Op: "dial", Err: fs.ErrNotExist}, false, KeychainAbsent},
		"no program":            {&exec.Error{Name: "dbus-launch", Err: exec.ErrNotFound}, false, KeychainAbsent},
		"not on this system":    {keyring.ErrUnsupportedPlatform, false, KeychainAbsent},
		"says that it is":       {remote("Secret.Error.IsLocked"), false, KeychainLocked},
		"a dismissed prompt":    {errors.New("failed to unlock correct collection"), true, KeychainLocked},
		"another remote one":    {remote("DBus.Error.Failed"), false, KeychainFailed},
		"another, and locked":   {remote("DBus.Error.Failed"), true, KeychainLocked},
		"anything":              {errors.New("x"), false, KeychainFailed},
	} {
		t.Run(name, func(t *testing.T) {
			if got := secretServiceReason(tt.err, func() bool { return tt.locked }); got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}
