package auth

import (
	"bytes"
	"io/fs"
	"path"
	"strconv"
)

// Surroundings are what is known of the place where the program runs, as far as it
// explains a keychain that does not work. The zero value means nothing special.
type Surroundings struct {
	// GOOS is the system: runtime.GOOS.
	GOOS string
	// WSL is the Windows Subsystem for Linux.
	WSL bool
	// Container is Docker, Podman or Kubernetes.
	Container bool
	// SSH is a session over the network.
	SSH bool
	// NoBus means that no D-Bus session is there, over which Linux's keychains are
	// reached.
	NoBus bool
}

// DetectSurroundings looks at files below root, which is os.DirFS("/"), and at the
// environment.
func DetectSurroundings(goos string, uid int, root fs.FS, getenv func(string) string) Surroundings {
	exists := func(name string) bool {
		_, err := fs.Stat(root, name)
		return err == nil
	}
	s := Surroundings{GOOS: goos, SSH: getenv("SSH_CONNECTION") != "" || getenv("SSH_TTY") != ""}
	if goos != "linux" {
		return s
	}
	kernel, _ := fs.ReadFile(root, "proc/version") // unreadable: not known to be WSL
	s.WSL = bytes.Contains(bytes.ToLower(kernel), []byte("microsoft"))
	s.Container = exists(".dockerenv") || exists("run/.containerenv") || getenv("KUBERNETES_SERVICE_HOST") != "" ||
		getenv("container") != ""
	if address := getenv("DBUS_SESSION_BUS_ADDRESS"); address == "" || address == "autolaunch:" {
		// The places where the D-Bus library looks. It would start a bus of its own next,
		// on which there is no keychain.
		runtimeDir := path.Join("run/user", strconv.Itoa(uid))
		s.NoBus = !exists(path.Join(runtimeDir, "bus")) && !exists(path.Join(runtimeDir, "dbus-session"))
	}
	return s
}

// otherStores is the remedy for a keychain that does not work. It names the flags:
// nothing falls back by itself.
const otherStores = "keep the session in a file encrypted with a passphrase: auth0-mcp init --store file " +
	"(servers and scripts get the passphrase from AUTH0_MCP_PASSPHRASE), " +
	"or use a token without signing in: set AUTH0_TOKEN and AUTH0_DOMAIN"

// keychainRemedy says what to do here about a keychain that failed for reason.
func (s Surroundings) keychainRemedy(reason KeychainReason) string {
	remedy := otherStores
	if reason == KeychainLocked || reason == KeychainTimedOut {
		remedy = "unlock it and run the command again, or " + remedy
	}
	if why := s.explain(reason); why != "" {
		return why + "; " + remedy
	}
	return remedy
}

// explain says why a keychain fails for reason in these surroundings, or nothing.
func (s Surroundings) explain(reason KeychainReason) string {
	switch {
	case s.SSH && s.GOOS == "darwin":
		return "over SSH the keychain stays locked until you run security unlock-keychain"
	case s.SSH && s.GOOS == "windows":
		return "over SSH Windows may refuse access to the credential manager"
	case reason == KeychainLocked && s.SSH:
		return "over SSH the prompt that unlocks the keychain is not visible"
	case reason == KeychainLocked: // so there is one
		return ""
	case s.Container:
		return "a container has no keychain of its own"
	case s.WSL:
		return "WSL has no keychain of its own, only one that you install and start there (gnome-keyring on a D-Bus session)"
	case s.SSH:
		return "over SSH no desktop session starts or unlocks the keychain"
	case s.NoBus:
		return "no D-Bus session is there (DBUS_SESSION_BUS_ADDRESS is not set)"
	}
	return ""
}
