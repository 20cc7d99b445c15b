//go:build keyring && linux

// The keychain store against a real Secret Service: gnome-keyring on a D-Bus of its
// own. It needs dbus-daemon and gnome-keyring-daemon, so it has a build tag:
//
//	go test -tags keyring -run TestSecretService ./internal/auth

package auth

import (
	"bufio"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/godbus/dbus/v5"
	"github.com/google/go-cmp/cmp"
)

// privateBus starts a bus without services that it could start by itself, and
// makes it this process's session bus. One for the whole process: the D-Bus library
// keeps its first connection.
func privateBus(t *testing.T) {
	t.Helper()
	dir := t.TempDir()
	config := filepath.Join(dir, "bus.conf")
	writeTestFile(t, config, `<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig><type>session</type><listen>unix:tmpdir=/tmp</listen><policy context="default">
<allow send_destination="*" eavesdrop="true"/><allow eavesdrop="true"/><allow own="*"/></policy></busconfig>`)
	daemon := exec.CommandContext(t.Context(), "dbus-daemon", "--config-file="+config, "--nofork", "--print-address")
	out, err := daemon.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	daemon.Stderr = os.Stderr
	if err := daemon.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = daemon.Process.Kill(); _ = daemon.Wait() })
	address, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	t.Setenv("DBUS_SESSION_BUS_ADDRESS", strings.TrimSpace(address))
}

// startKeyring starts gnome-keyring with its login keyring unlocked, and waits until
// it is on the bus.
func startKeyring(t *testing.T, bus *dbus.Conn) {
	t.Helper()
	home := t.TempDir()
	daemon := exec.CommandContext(t.Context(), "gnome-keyring-daemon", "--foreground", "--unlock", "--components=secrets")
	daemon.Env = append(os.Environ(), "HOME="+home, "XDG_DATA_HOME="+home, "XDG_RUNTIME_DIR="+home)
	daemon.Stdin = strings.NewReader("password")
	daemon.Stdout, daemon.Stderr = io.Discard, io.Discard
	if err := daemon.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = daemon.Process.Kill(); _ = daemon.Wait() })
	for deadline := time.Now().Add(20 * time.Second); ; time.Sleep(20 * time.Millisecond) {
		login := bus.Object("org.freedesktop.secrets", "/org/freedesktop/secrets/collection/login")
		locked, err := login.GetProperty("org.freedesktop.Secret.Collection.Locked")
		if err == nil && locked.Value() == false {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("gnome-keyring does not come up: %v", err)
		}
	}
}

func TestSecretService(t *testing.T) {
	privateBus(t)
	bus, err := dbus.ConnectSessionBus()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = bus.Close() })
	surroundings := DetectSurroundings("linux", os.Getuid(), os.DirFS("/"), os.Getenv)
	if surroundings.NoBus {
		t.Fatal("the bus is not seen")
	}
	s, err := OpenStore(StoreKeychain,
		StoreOptions{SessionsFolder: filepath.Join(t.TempDir(), "sessions"), Surroundings: surroundings})
	if err != nil {
		t.Fatal(err)
	}

	var failed *KeychainError
	if err := s.Put(t.Context(), aSession("dev")); !errors.As(err, &failed) || failed.Reason != KeychainAbsent {
		t.Fatalf("no service on the bus: got %v", err)
	}

	startKeyring(t, bus)
	if removed, err := s.Delete(t.Context(), "dev"); err != nil || len(removed) != 0 {
		t.Fatalf("an empty keyring: %q, %v", removed, err)
	}
	for _, profile := range []string{"dev", "prod"} {
		if err := s.Put(t.Context(), aSession(profile)); err != nil {
			t.Fatal(err)
		}
	}
	got, err := s.Get(t.Context(), "dev")
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(aSession("dev"), got); diff != "" {
		t.Error(diff)
	}
	if removed, err := s.Delete(t.Context(), "dev"); err != nil || len(removed) != 2 {
		t.Errorf("removed %q, %v", removed, err)
	}

	// Locked, and nothing that shows a prompt: an error, within the bound.
	lock := bus.Object("org.freedesktop.secrets", "/org/freedesktop/secrets").
		Call("org.freedesktop.Secret.Service.Lock", 0, []dbus.ObjectPath{"/org/freedesktop/secrets/collection/login"})
	if lock.Err != nil {
		t.Fatal(lock.Err)
	}
	_, err = s.Get(t.Context(), "prod")
	if !errors.As(err, &failed) || (failed.Reason != KeychainLocked && failed.Reason != KeychainTimedOut) {
		t.Fatalf("locked: got %v", err)
	}
	wantText(t, err, "--store file")
	wantNoCanary(t, err)
}
