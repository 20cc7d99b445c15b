package cli

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/auth0-mcp/auth0-mcp/host/internal/account"
	"github.com/auth0-mcp/auth0-mcp/host/internal/console"
	"github.com/auth0-mcp/auth0-mcp/host/internal/redact"
)

// askScopes is pickScopes in lines, for screen readers and terminals that cannot draw over a line: a numbered list and
// a question, which is asked again until its answer selects something.
func askScopes(ctx context.Context, env Environment, s account.ScopeTools, kept []string) ([]string, error) {
	names, screen := byResource(s), console.Of(env.Err)
	fmt.Fprint(env.Err, screen.Line("Select the scopes to request. Each enables the tools after it."))
	var current []string
	for i, name := range names {
		if slices.Contains(kept, name) {
			current = append(current, strconv.Itoa(i+1))
		}
		say(env.Err, "%s", lines(screen.Line(redact.Line(fmt.Sprintf("%d. %s: %s", i+1, name,
			strings.Join(enabledBy(s, name), ", "))))))
	}
	question := "Numbers, such as 1,3-5, or all: "
	if len(current) > 0 {
		question = "Numbers, such as 1,3-5, or all. Enter for " + strings.Join(current, ",") + ": "
	}
	typed := bufio.NewReader(env.In)
	for {
		say(env.Err, "%s", question)
		answer, err := readLine(ctx, typed)
		if err != nil {
			fmt.Fprintln(env.Err)
			return nil, account.ErrCancelled
		}
		if answer == "" {
			answer = strings.Join(current, ",")
		}
		chosen, err := numbered(answer, names)
		if err == nil {
			slices.Sort(chosen)
			return chosen, nil
		}
		say(env.Err, "%s", lines(screen.Line(redact.Line(err.Error()))))
	}
}

// numbered are the names that an answer such as "1,3-5", "1 3" or "all" selects, each once. Numbers count from 1.
func numbered(answer string, names []string) ([]string, error) {
	if strings.EqualFold(answer, "all") {
		return slices.Clone(names), nil
	}
	var chosen []string
	for _, word := range strings.FieldsFunc(answer, func(r rune) bool { return r == ',' || r == ' ' }) {
		from, to, isRange := strings.Cut(word, "-")
		if !isRange {
			to = from
		}
		first, err := strconv.Atoi(from)
		last, lastErr := strconv.Atoi(to)
		if errors.Join(err, lastErr) != nil || first < 1 || last > len(names) || first > last {
			return nil, fmt.Errorf("%q selects nothing: give numbers from 1 to %d", word, len(names))
		}
		for _, name := range names[first-1 : last] {
			if !slices.Contains(chosen, name) {
				chosen = append(chosen, name)
			}
		}
	}
	if len(chosen) == 0 {
		return nil, errNoScope
	}
	return chosen, nil
}
