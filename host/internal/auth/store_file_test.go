package auth

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"filippo.io/age"
	"github.com/google/go-cmp/cmp"
)

func TestFileStoreWrongPassphrase(t *testing.T) {
	dir := t.TempDir()
	if err := cheapFileStore(dir, givePassphrase(testPassphrase)).Put(t.Context(), aSession("dev")); err != nil {
		t.Fatal(err)
	}
	s := cheapFileStore(dir, givePassphrase("CANARY-wrong"))
	var wrong *PassphraseError
	_, err := s.Get(t.Context(), "dev")
	if wantText(t, err, "dev.age", "AUTH0_MCP_PASSPHRASE", "auth0-mcp logout --profile dev"); !errors.As(err, &wrong) {
		t.Errorf("got %T", err)
	}
	wantNoCanary(t, err)
	// A slip of the finger must not lock the user out.
	if err := s.Put(t.Context(), aSession("dev")); !errors.As(err, &wrong) {
		t.Errorf("written over: %v", err)
	}
	if _, err := cheapFileStore(dir, givePassphrase(testPassphrase)).Get(t.Context(), "dev"); err != nil {
		t.Errorf("the session is lost: %v", err)
	}
	// A forgotten passphrase is what logout is for.
	if _, err := s.Delete(t.Context(), "dev"); err != nil {
		t.Fatal(err)
	}
	if err := s.Put(t.Context(), aSession("dev")); err != nil {
		t.Error(err)
	}
}

func TestFileStoreAsksOnceAndAgainAfterAMistake(t *testing.T) {
	dir := t.TempDir()
	var asked []bool
	pass := testPassphrase
	s := cheapFileStore(dir, func(_ context.Context, profile string, fresh bool) (string, error) {
		if profile != "dev" {
			t.Errorf("asked for %q", profile)
		}
		asked = append(asked, fresh)
		return pass, nil
	})
	for range 2 {
		if err := s.Put(t.Context(), aSession("dev")); err != nil {
			t.Fatal(err)
		}
		if _, err := s.Get(t.Context(), "dev"); err != nil {
			t.Fatal(err)
		}
	}
	if diff := cmp.Diff([]bool{true}, asked); diff != "" {
		t.Error(diff)
	}
	// Another process signs in with another passphrase: the known one must neither
	// open nor overwrite what is there now.
	other := cheapFileStore(dir, givePassphrase("other"))
	if _, err := other.Delete(t.Context(), "dev"); err != nil {
		t.Fatal(err)
	}
	if err := other.Put(t.Context(), aSession("dev")); err != nil {
		t.Fatal(err)
	}
	var wrong *PassphraseError
	if err := s.Put(t.Context(), aSession("dev")); !errors.As(err, &wrong) {
		t.Errorf("written over: %v", err)
	}
	pass = "other"
	if _, err := s.Get(t.Context(), "dev"); err != nil {
		t.Errorf("not asked again: %v", err)
	}
	if diff := cmp.Diff([]bool{true, false}, asked); diff != "" {
		t.Error(diff)
	}
}

func TestFileStoreWithoutAPassphrase(t *testing.T) {
	refused := errors.New("the prompt was closed")
	for name, tt := range map[string]struct {
		ask  Passphrase
		want error
	}{
		"no terminal to ask at": {nil, &NoPassphraseError{Profile: "dev"}},
		"empty":                 {givePassphrase(""), &NoPassphraseError{Profile: "dev"}},
		"refused":               {func(context.Context, string, bool) (string, error) { return "", refused }, refused},
	} {
		t.Run(name, func(t *testing.T) {
			s := cheapFileStore(filepath.Join(t.TempDir(), "sessions"), tt.ask)
			err := s.Put(t.Context(), aSession("dev"))
			wantText(t, err, tt.want.Error())
			if s.Stamp("dev") != "" {
				t.Error("something was written")
			}
		})
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	s := cheapFileStore(t.TempDir(), givePassphrase("x"))
	if err := s.Put(ended, aSession("dev")); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}

// The work factor is what a thief of the file has to pay for each guess: a slip of
// the pen must not make it cheap, and what is written must open.
func TestFileStoreWorkFactor(t *testing.T) {
	dir := t.TempDir()
	if err := newFileStore(sessionFolder{dir}, givePassphrase(testPassphrase), 0).Put(t.Context(),
		aSession("dev")); err != nil {
		t.Fatal(err)
	}
	if _, err := newFileStore(sessionFolder{dir}, givePassphrase(testPassphrase), 0).Get(t.Context(), "dev"); err != nil {
		t.Fatal(err)
	}
	content := readTestFile(t, filepath.Join(dir, "dev.age"))
	key, err := age.NewScryptIdentity(testPassphrase)
	if err != nil {
		t.Fatal(err)
	}
	key.SetMaxWorkFactor(16)
	if _, err := (sessionFolder{dir}).open([]byte(content), "dev", key); err == nil {
		t.Error("the work factor is below 17")
	}
}

// A file that another user wrote must not take gigabytes to refuse.
func TestFileStoreRefusesAnExpensiveFile(t *testing.T) {
	s := cheapFileStore(t.TempDir(), givePassphrase(testPassphrase))
	writeTestFile(t, s.folder.path("dev"), "age-encryption.org/v1\n-> scrypt AAAAAAAAAAAAAAAAAAAAAA 29\n"+
		"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\n--- AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\n0123456789abcdef")
	_, err := s.Get(t.Context(), "dev")
	var damaged *SessionFileError
	if wantText(t, err, "work factor"); !errors.As(err, &damaged) {
		t.Errorf("got %T", err)
	}
}

// What an earlier version wrote must open: the file is the one place of the refresh
// token.
func TestFileStoreOpensAnEarlierFile(t *testing.T) {
	s := cheapFileStore(t.TempDir(), givePassphrase(testPassphrase))
	writeTestFile(t, s.folder.path("dev"), readTestFile(t, filepath.Join("testdata", "session.age")))
	got, err := s.Get(t.Context(), "dev")
	if diff := cmp.Diff(aSession("dev"), got); diff != "" || err != nil {
		t.Error(diff, err)
	}
}

func FuzzSessionFile(f *testing.F) {
	sealed, err := os.ReadFile(filepath.Join("testdata", "session.age"))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(sealed)
	f.Add([]byte("age-encryption.org/v1\n-> scrypt AAAAAAAAAAAAAAAAAAAAAA 2\n"))
	key, err := age.NewScryptIdentity(testPassphrase)
	if err != nil {
		f.Fatal(err)
	}
	key.SetMaxWorkFactor(8)
	f.Fuzz(func(t *testing.T, data []byte) {
		// Only who knows the passphrase can write what opens.
		if got, err := (sessionFolder{}).open(data, "dev", key); err == nil && !bytes.Equal(data, sealed) {
			t.Errorf("opened: %v", got)
		}
	})
}
