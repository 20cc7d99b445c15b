package cli

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"reflect"
	"strings"
	"time"

	"golang.org/x/term"

	"github.com/auth0-mcp/auth0-mcp/host/internal/account"
	"github.com/auth0-mcp/auth0-mcp/host/internal/auth"
)

// askPassphrase asks on the terminal, without an echo; twice for a new file.
func askPassphrase(ctx context.Context, env Environment, profile string, fresh bool) (string, error) {
	if !isTerminal(env.In) {
		return "", &auth.NoPassphraseError{Profile: profile}
	}
	env.progress.Stop()
	defer env.progress.Resume()
	ask := func(prompt string) (string, error) {
		typed, err := readHidden(ctx, env.In, func() { say(env.Err, "%s", prompt) })
		fmt.Fprintln(env.Err)
		return typed, err
	}
	prompt := "Passphrase of profile " + profile + ": "
	if fresh {
		prompt = "Choose a passphrase to encrypt this session: "
	}
	first, err := ask(prompt)
	if err != nil || !fresh {
		return first, err
	}
	second, err := ask("Repeat the passphrase: ")
	if err == nil && first != second {
		err = errors.New("the two passphrases differ: nothing was written")
	}
	return first, err
}

// readHidden reads a line without an echo. A read of a terminal knows no context:
// when that ends first, by Ctrl-C, the echo is put back and the read left behind,
// to end with the process.
// It prompts when nothing that is typed is shown any more.
func readHidden(ctx context.Context, terminal *os.File, prompt func()) (string, error) {
	descriptor := int(terminal.Fd())
	before, err := term.GetState(descriptor)
	if err != nil {
		return "", fmt.Errorf("reading the terminal's modes: %w", err)
	}
	type answer struct {
		typed []byte
		err   error
	}
	answered := make(chan answer, 1)
	go func() {
		typed, err := term.ReadPassword(descriptor)
		answered <- answer{typed, err}
	}()
	// A busy machine may run the read late.
	for range 1000 {
		if now, err := term.GetState(descriptor); err != nil || !reflect.DeepEqual(now, before) || len(answered) > 0 {
			break
		}
		time.Sleep(time.Millisecond)
	}
	prompt()
	select {
	case a := <-answered:
		return string(a.typed), a.err
	case <-ctx.Done():
		return "", errors.Join(account.ErrCancelled, term.Restore(descriptor, before))
	}
}

func isTerminal(stream any) bool {
	file, ok := stream.(*os.File)
	return ok && term.IsTerminal(int(file.Fd()))
}

// readSecretIn reads the secret of --auth0-client-secret-stdin. Neither a terminal
// nor a pipe that gives nothing may keep Ctrl-C from ending the command.
func readSecretIn(ctx context.Context, env Environment) (string, error) {
	const what = "the secret on stdin"
	if isTerminal(env.In) {
		typed, err := readHidden(ctx, env.In,
			func() { fmt.Fprint(env.Err, "The application's client secret (not shown): ") })
		fmt.Fprintln(env.Err)
		if err != nil {
			return "", err
		}
		return readSecret(strings.NewReader(typed), what)
	}
	type answer struct {
		secret string
		err    error
	}
	answered := make(chan answer, 1)
	go func() {
		secret, err := readSecret(env.In, what)
		answered <- answer{secret, err}
	}()
	select {
	case a := <-answered:
		return a.secret, a.err
	case <-ctx.Done():
		return "", account.ErrCancelled
	}
}

// readSecret reads a secret, all that a stream holds, without white space around it.
func readSecret(in io.Reader, what string) (string, error) {
	const limit = 64 << 10
	data, err := io.ReadAll(io.LimitReader(in, limit))
	if err != nil {
		return "", fmt.Errorf("reading %s: %w", what, err)
	}
	secret := strings.TrimSpace(string(data))
	if secret == "" {
		return "", fmt.Errorf("%s is empty", what)
	}
	return secret, nil
}

// confirm asks on the terminal.
func confirm(ctx context.Context, env Environment, question string) error {
	say(env.Out, "%s", question)
	line, err := readLine(ctx, bufio.NewReader(env.In))
	switch {
	case errors.Is(err, account.ErrCancelled):
		fmt.Fprintln(env.Out)
		return err
	case err != nil && line == "":
		return fmt.Errorf("%w: no answer on stdin; pass --yes to agree without being asked", errNotConfirmed)
	}
	if answer := strings.ToLower(line); answer != "y" && answer != "yes" {
		return errNotConfirmed
	}
	return nil
}

// readLine reads a line, without white space around it. A read can't be interrupted: on Ctrl-C it is abandoned, with
// ErrCancelled, and ends with the process.
func readLine(ctx context.Context, in *bufio.Reader) (string, error) {
	type reply struct {
		line string
		err  error
	}
	replied := make(chan reply, 1)
	go func() {
		line, err := in.ReadString('\n')
		replied <- reply{strings.TrimSpace(line), err}
	}()
	select {
	case r := <-replied:
		return r.line, r.err
	case <-ctx.Done():
		return "", account.ErrCancelled
	}
}
