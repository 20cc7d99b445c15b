package auth

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os/exec"
	"strings"
	"time"
	"unicode"

	"github.com/auth0-mcp/auth0-mcp/host/internal/tenant"
)

const (
	commandPatience = 10 * time.Second
	// commandGrace is how long the program's own children may keep its output open
	// after it has ended.
	commandGrace      = time.Second
	maxCommandOutput  = 1 << 20
	maxCommandMessage = 2000
)

// commandStore asks a program for a token each time, as the AWS command line does
// with credential_process. The program keeps and renews.
type commandStore struct {
	argv     []string
	patience time.Duration
}

func newCommandStore(argv []string) (*commandStore, error) {
	if len(argv) == 0 || argv[0] == "" {
		return nil, errors.New(`the store "command" needs a command: ` +
			`add command = ["PROGRAM", "ARGUMENT"] to the profile in config.toml`)
	}
	return &commandStore{argv: argv, patience: commandPatience}, nil
}

// CommandError means that the program of the store "command" gave no session. It
// holds what the program wrote to stderr, never what it wrote to stdout, which may
// be a token.
type CommandError struct {
	Program string
	Err     error
	// Stderr is the end of what the program said, without control characters.
	Stderr string
}

func (e *CommandError) Error() string {
	text := fmt.Sprintf("the credential command %s: %v", e.Program, e.Err)
	if e.Stderr != "" {
		text += "; it said: " + e.Stderr
	}
	return text + "; run it yourself to see what is wrong"
}

func (e *CommandError) Unwrap() error { return e.Err }

// Get runs the program, without a shell. It must print one JSON object,
// {"domain": …, "access_token": …, "expires_at": RFC 3339 or absent}, within 10 s.
// A failure is a [*CommandError].
func (s *commandStore) Get(ctx context.Context, profile string) (Session, error) {
	ctx, cancel := context.WithTimeout(ctx, s.patience)
	defer cancel()
	stdout, stderr := &commandOutput{limit: maxCommandOutput}, &commandOutput{limit: maxCommandOutput}
	cmd := exec.CommandContext(ctx, s.argv[0], s.argv[1:]...) //nolint:gosec // from the user's own config file
	cmd.Stdout, cmd.Stderr, cmd.WaitDelay = stdout, stderr, commandGrace
	err := cmd.Run()
	switch {
	case errors.Is(ctx.Err(), context.DeadlineExceeded):
		err = fmt.Errorf("no answer within %v: %w", s.patience, ctx.Err())
	case ctx.Err() != nil:
		err = ctx.Err()
	case errors.Is(err, exec.ErrWaitDelay):
		err = nil // it ended well; only a child of it still holds the output open
	}
	var session Session
	if err == nil {
		session, err = parseCommandOutput(profile, stdout.kept.Bytes())
	}
	if err != nil {
		return Session{}, &CommandError{Program: s.argv[0], Err: err, Stderr: printable(stderr.kept.Bytes())}
	}
	return session, nil
}

// parseCommandOutput repeats nothing of what it reads in an error: that may be a
// token.
func parseCommandOutput(profile string, data []byte) (Session, error) {
	var answer struct {
		Domain      string `json:"domain"`
		AccessToken string `json:"access_token"`
		ExpiresAt   string `json:"expires_at"`
	}
	var wrong *json.UnmarshalTypeError
	switch err := json.Unmarshal(data, &answer); {
	case len(bytes.TrimSpace(data)) == 0:
		return Session{}, errors.New("it printed nothing: want a JSON object with domain and access_token")
	case errors.As(err, &wrong) && wrong.Field != "":
		return Session{}, fmt.Errorf("%s is not a text", wrong.Field)
	case err != nil:
		return Session{}, errors.New("it did not print one JSON object with domain and access_token, and nothing else")
	}
	domain, err := tenant.NormalizeDomain(answer.Domain)
	if err != nil {
		return Session{}, errNotDomain
	}
	session, err := GivenSession(profile, domain, answer.AccessToken)
	if err != nil {
		return Session{}, err
	}
	if answer.ExpiresAt != "" {
		if session.ExpiresAt, err = time.Parse(time.RFC3339, answer.ExpiresAt); err != nil {
			return Session{}, errors.New("expires_at is not a time such as 2026-01-02T15:04:05Z")
		}
	}
	return session, nil
}

// commandOutput keeps the first bytes and drops the rest: a program that never
// stops writing must not fill the memory, nor block before its time is over. The
// buffer is not embedded, or io.Copy would find its ReadFrom and pass the limit by.
type commandOutput struct {
	kept  bytes.Buffer
	limit int
}

func (o *commandOutput) Write(p []byte) (int, error) {
	if room := o.limit - o.kept.Len(); room > 0 {
		o.kept.Write(p[:min(room, len(p))])
	}
	return len(p), nil
}

// printable is the end of a foreign message as one line, without what a terminal
// would obey.
func printable(message []byte) string {
	line := strings.Join(strings.FieldsFunc(string(message), func(r rune) bool {
		return unicode.IsSpace(r) || !unicode.IsPrint(r)
	}), " ")
	if len(line) > maxCommandMessage {
		line = "…" + strings.ToValidUTF8(line[len(line)-maxCommandMessage:], "")
	}
	return line
}

func (s *commandStore) Put(context.Context, Session) error { return s.readOnly() }

func (s *commandStore) Delete(context.Context, string) ([]string, error) { return nil, s.readOnly() }

func (s *commandStore) readOnly() error {
	return &ReadOnlyStoreError{StoreCommand, "sign in and out with " + s.argv[0] + ", or choose another store with " +
		"--store keychain"}
}

// Stamp can't tell: only the program knows.
func (s *commandStore) Stamp(string) string { return "" }

// Describe names the program without its arguments, which may be secret.
func (s *commandStore) Check(context.Context, string) error { return nil }

func (s *commandStore) Describe() StoreDescription {
	return StoreDescription{Kind: StoreCommand, Where: "the program " + s.argv[0]}
}
