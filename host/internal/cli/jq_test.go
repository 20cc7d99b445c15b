package cli

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/spf13/cobra"
)

// selected is what --jq prints of a document.
func selected(t *testing.T, ctx context.Context, expression, doc string) (string, error) { //nolint:revive // t first
	t.Helper()
	cmd := &cobra.Command{}
	cmd.SetContext(ctx)
	var f jsonFlags
	f.add(cmd, "")
	if err := cmd.Flags().Set("jq", expression); err != nil {
		return "", err
	}
	if !f.on {
		t.Error("--jq does not imply --json")
	}
	var out strings.Builder
	err := f.jq.apply(&out, []byte(doc))
	return out.String(), err
}

func TestJQ(t *testing.T) {
	const doc = `{"logs":[{"type":"f","ip":"192.0.2.1","n":12345678901234567890},{"type":"s","ip":null}],` +
		`"evil":"a\u202eb\u001b[2J"}`
	for expression, want := range map[string]string{
		".logs[].type":                       "f\ns\n",
		".logs[0]":                           `{"ip":"192.0.2.1","n":12345678901234567890,"type":"f"}` + "\n",
		".logs | length":                     "2\n",
		".logs[].ip":                         "192.0.2.1\nnull\n",
		".logs[] | select(.type==\"x\")":     "",
		"[.evil]":                            `["a\u202eb\u001b[2J"]` + "\n",
		".logs[0].type, halt, .logs[1].type": "f\n",
		"env | length, ($ENV|length)":        "0\n0\n",
	} {
		got, err := selected(t, t.Context(), expression, doc)
		if err != nil || got != want {
			t.Errorf("%s: %q (%v), want %q", expression, got, err, want)
		}
	}
	for expression, want := range map[string]string{
		".logs[":            `--jq ".logs[": unexpected EOF at character 7. The manual of jq`,
		`"é" | .a]`:         `unexpected token "]" at character 9`,
		".logs | foo":       `function not defined: foo/0. The manual`,
		".none[]":           `--jq ".none[]": cannot iterate over: null. Use --json without --jq`,
		`error("x")`:        `error: x. Use --json`,
		`import "x" as x;.`: `x`,
		"input":             `input`,
	} {
		if got, err := selected(t, t.Context(), expression, doc); err == nil || !strings.Contains(err.Error(), want) ||
			got != "" {
			t.Errorf("%s: printed %q, error %v, want %s", expression, got, err, want)
		}
	}
	if _, err := selected(t, t.Context(), ".", "no JSON"); err == nil || !strings.Contains(err.Error(), "not JSON") {
		t.Errorf("what is not JSON: %v", err)
	}
	// An expression without an end is ended by Ctrl-C.
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := selected(t, ctx, "[range(infinite)]", "{}"); !errors.Is(err, context.Canceled) {
		t.Errorf("without an end: %v", err)
	}
}
