//go:build unix

package auth

import (
	"context"
	"errors"
	"testing"
	"time"
)

func shellStore(t *testing.T, script string, arguments ...string) *commandStore {
	t.Helper()
	s, err := newCommandStore(append([]string{"/bin/sh", "-c", script, "sh"}, arguments...))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestCommandStore(t *testing.T) {
	// Arguments arrive as they are, no shell reads them; stdin is empty.
	s := shellStore(t, `cat; printf '{"domain":"dev.eu.auth0.com","access_token":"%s"}' "$1"; echo note >&2`, "$(id);*")
	got, err := s.Get(t.Context(), "dev")
	if want := (Session{Profile: "dev", Domain: "dev.eu.auth0.com", Method: Given, AccessToken: "$(id);*"}); err != nil ||
		got != want {
		t.Errorf("got %#v, %v", got, err)
	}
	if s.Stamp("dev") != "" {
		t.Error("it can't tell whether the session changed")
	}
}

func TestCommandStoreFailing(t *testing.T) {
	for name, tt := range map[string]struct {
		script string
		texts  []string
	}{
		"exit status": {`echo CANARY; echo "log in with helper login" >&2; exit 3`,
			[]string{"/bin/sh", "exit status 3", "it said: log in with helper login", "run it yourself"}},
		"bad output":   {`echo CANARY; echo why >&2`, []string{"did not print one JSON object", "it said: why"}},
		"an escape":    {`printf '\033[2J\033]0;x\007red\r\nline' >&2; exit 1`, []string{"it said: [2J ]0;x red line"}},
		"many words":   {`i=0; while [ $i -lt 3000 ]; do echo words >&2; i=$((i+1)); done; exit 1`, []string{"it said: …"}},
		"much output":  {`head -c 3000000 /dev/zero; exit 1`, []string{"exit status 1"}},
		"it is killed": {`kill -9 $$`, []string{"killed"}},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := shellStore(t, tt.script).Get(t.Context(), "dev")
			var failed *CommandError
			if wantText(t, err, tt.texts...); !errors.As(err, &failed) || len(failed.Stderr) > maxCommandMessage+len("…") {
				t.Errorf("got %T", err)
			}
			wantNoCanary(t, err)
		})
	}
	s, err := newCommandStore([]string{"/nonexistent/helper", "CANARY"})
	if err != nil {
		t.Fatal(err)
	}
	_, err = s.Get(t.Context(), "dev")
	wantText(t, err, "/nonexistent/helper")
	wantNoCanary(t, err)
}

func TestCommandStoreIsBounded(t *testing.T) {
	s := shellStore(t, "echo waiting for a browser >&2; exec sleep 60")
	s.patience = 2 * time.Second // in which a busy machine starts a shell
	_, err := s.Get(t.Context(), "dev")
	if wantText(t, err, "no answer within 2s", "waiting for a browser"); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("got %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := s.Get(ctx, "dev"); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	// A child that keeps the output open does not keep the command.
	s = shellStore(t, `sleep 5 & echo '{"domain":"dev.eu.auth0.com","access_token":"x"}'`)
	if got, err := s.Get(t.Context(), "dev"); err != nil || got.AccessToken != "x" {
		t.Errorf("got %v, %v", got, err)
	}
}
