//go:build unix

package doctor

import (
	"context"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// TestSelfTestOfPrograms starts programs that are no server of ours.
func TestSelfTestOfPrograms(t *testing.T) {
	const answers = `read a; echo '{"jsonrpc":"2.0","id":1,"result":{}}'; read a; read a
echo '{"jsonrpc":"2.0","id":2,"result":{"tools":[{"name":"a"}]}}'; read a; echo '{"jsonrpc":"2.0","id":3,"result":{}}'
`
	for _, c := range []struct {
		name, script string
		patience     time.Duration
		want         Status
		texts        []string
	}{
		{"good", answers + "while read a; do :; done; exit 0", time.Minute, OK, []string{"1 tool,"}},
		{"ends badly", answers + "while read a; do :; done; exit 3", time.Minute, Fail,
			[]string{"did not end cleanly", "exit status 3"}},
		{"fails at start", "echo 'no such profile " + canary + "' >&2; exit 1", time.Minute, Fail,
			[]string{"exit status 1", "it said: no such profile [REDACTED]", "in a shell"}},
		{"hangs", "exec sleep 60", time.Second, Fail, []string{"initialize was not answered"}},
		{"sees too much", `[ -z "$OTHER_SECRET" ] && [ "$AUTH0_X" = 1 ] || exit 9` + "\n" + answers, time.Minute, OK, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			d := examinee(t, nil)
			d.hide(canary)
			d.at.environ = append(os.Environ(), "OTHER_SECRET=1", "AUTH0_X=1")
			d.at.executable = filepath.Join(t.TempDir(), "server")
			writeText(t, d.at.executable, "#!/bin/sh\n"+c.script+"\n")
			if err := os.Chmod(d.at.executable, 0o700); err != nil {
				t.Fatal(err)
			}
			ctx, cancel := context.WithTimeout(t.Context(), c.patience)
			defer cancel()
			found := d.checkSelfTest(ctx)[0]
			found.Detail = d.clean(found.Detail)
			checkFinding(t, found, c.want, c.texts...)
		})
	}
	d := examinee(t, nil)
	d.at.executable = filepath.Join(t.TempDir(), "gone")
	checkFinding(t, d.checkSelfTest(t.Context())[0], Fail, "could not be started")
}
