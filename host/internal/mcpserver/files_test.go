package mcpserver

import (
	"crypto/sha256"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"golang.org/x/oauth2"

	"github.com/auth0-mcp/auth0-mcp/host/internal/approval"
	"github.com/auth0-mcp/auth0-mcp/host/internal/audit"
	"github.com/auth0-mcp/auth0-mcp/host/internal/catalog"
	"github.com/auth0-mcp/auth0-mcp/host/internal/egress"
	"github.com/auth0-mcp/auth0-mcp/host/internal/fakeplugin"
	"github.com/auth0-mcp/auth0-mcp/host/internal/fileroot"
	"github.com/auth0-mcp/auth0-mcp/host/internal/redact"
	"github.com/auth0-mcp/auth0-mcp/proto/pluginv1"
	"github.com/auth0-mcp/auth0-mcp/sandbox"
)

// writer is a client of a server whose plugins may write files below a folder.
type writer struct {
	*client
	t *testing.T
	// above is the root's parent, in which nothing may change but what is in the root.
	above, root string
	audited     string
	approvals   approval.Store
}

func connectWriter(t *testing.T, mode approval.Mode, change func(*egress.Config, *writer)) *writer {
	t.Helper()
	// Where it really is, as plans and records say it.
	above, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	w := &writer{t: t, above: above, root: filepath.Join(above, "root"), audited: filepath.Join(t.TempDir(), "audit"),
		approvals: approval.Store{Dir: filepath.Join(t.TempDir(), "approvals"), Key: func() []byte { return []byte("key") }}}
	w.disk("../beside", "untouched")
	if err := os.Mkdir(w.root, 0o755); err != nil {
		t.Fatal(err)
	}
	tenant := sandbox.New(sandbox.Options{})
	gate := egress.Config{Domain: tenant.Domain(), Transport: tenant.Transport(),
		Files:  fileroot.Roots{fakeplugin.FilesRoot: w.root},
		Tokens: oauth2.StaticTokenSource(&oauth2.Token{AccessToken: tenant.Token()})}
	change(&gate, w)
	w.client = connectWith(t, catalog.Filter{}, func(cfg *Config) {
		cfg.Calls.Gate, cfg.Calls.Approve, cfg.Calls.Approvals = egress.New(gate), approval.Policy{Mode: mode}, w.approvals
		cfg.Calls.Audit = audit.New(audit.Config{Folder: w.audited, Mode: audit.On, Redact: cfg.Calls.Gate.Text,
			RedactJSON: new(redact.Redactor).JSON})
	}, fakeplugin.Files, "thief")
	return w
}

func asItIs(*egress.Config, *writer) {}

// disk makes a file below the root.
func (w *writer) disk(path, content string) {
	w.t.Helper()
	path = filepath.Join(w.root, path)
	err := os.MkdirAll(filepath.Dir(path), 0o755)
	if err == nil {
		err = os.WriteFile(path, []byte(content), 0o644)
	}
	if err != nil {
		w.t.Fatal(err)
	}
}

// tree is all that is there, with content and, where they tell, modes.
func (w *writer) tree() string {
	w.t.Helper()
	var b strings.Builder
	err := filepath.WalkDir(w.above, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := entry.Info()
		if err != nil {
			return err
		}
		name, _ := filepath.Rel(w.above, path)
		fmt.Fprint(&b, filepath.ToSlash(name))
		if runtime.GOOS != "windows" && name != "." {
			fmt.Fprintf(&b, " %v", info.Mode())
		}
		if info.Mode().IsRegular() {
			content, err := os.ReadFile(path)
			if err != nil {
				return err
			}
			fmt.Fprintf(&b, " %.100q", content)
		}
		b.WriteByte('\n')
		return nil
	})
	if err != nil {
		w.t.Fatal(err)
	}
	return b.String()
}

// write calls the writing tool.
func (w *writer) write(args string) seenCall {
	w.t.Helper()
	return w.with(fakeplugin.Write, args)
}

func (w *writer) with(tool int, args string) seenCall {
	w.t.Helper()
	return seenOf(w.t, w.request("tools/call",
		fmt.Sprintf(`{"name":%q,"arguments":%s}`, fakeplugin.Manifest(fakeplugin.Files).Tools[tool].Name, args)))
}

// approve approves what an answer proposes, and returns what the user is shown.
func (w *writer) approve(got seenCall) string {
	w.t.Helper()
	id := idInText.FindStringSubmatch(got.text)
	if id == nil {
		w.t.Fatalf("no proposal: %+v", got)
	}
	p, err := w.approvals.Find(w.t.Context(), id[1])
	if err == nil {
		err = w.approvals.Approve(w.t.Context(), p)
	}
	if err != nil {
		w.t.Fatal(err)
	}
	return p.Text
}

// A file gets its content and its mode, what is executable does not stay so, and the
// change is reported and on the record.
func TestFilesAreWritten(t *testing.T) {
	t.Parallel()
	w := connectWriter(t, approval.None, asItIs)
	if got := w.with(fakeplugin.Read, `{"do":"capabilities"}`); got.text != `["write-file","project-files"]` {
		t.Errorf("the host announces %s", got.text)
	}
	w.disk("run.sh", "#!/bin/sh")
	w.disk("secret", "old")
	if err := os.Chmod(filepath.Join(w.root, "run.sh"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(filepath.Join(w.root, "secret"), 0o600); err != nil {
		t.Fatal(err)
	}
	if got := w.write(`{"do":"file","path":"src/new/auth.ts,run.sh,secret","file":"const a = 1 // "}`); got.isError ||
		got.text != `["made project:src/new/auth.ts","replaced project:run.sh","replaced project:secret"]` {
		t.Errorf("%+v", got)
	}
	r := w.request("tools/call",
		`{"name":"auth0_files_destroy","arguments":{"do":"file","path":".env/local","method":"private","file":"KEY="}}`)
	if !strings.Contains(string(r.Result), `{\"changed\":[{\"request\":\"WRITE project:.env/local\"}]}`) ||
		!strings.Contains(string(r.Result), `"auth0-mcp/effect":"changed"`) {
		t.Errorf("%s", r.Result)
	}
	want := strings.Join([]string{
		".", `beside -rw-r--r-- "untouched"`, "root drwxr-xr-x", "root/.env drwx------",
		`root/.env/local -rw------- "KEY=.env/local"`,
		`root/run.sh -rw-r--r-- "const a = 1 // run.sh"`, `root/secret -rw------- "const a = 1 // secret"`,
		"root/src drwxr-xr-x", "root/src/new drwxr-xr-x", `root/src/new/auth.ts -rw-r--r-- "const a = 1 // src/new/auth.ts"`,
	}, "\n") + "\n"
	if got := w.tree(); runtime.GOOS != "windows" && got != want {
		t.Errorf("%s\nwant\n%s", got, want)
	}
	var requests []string
	for _, r := range recorded(t, w.audited) {
		if r.Kind == audit.KindRequest {
			requests = append(requests, fmt.Sprint(r.Phase, " ", r.Method, " ", strings.TrimPrefix(r.Path, w.root), " ",
				r.Outcome, " ", r.Changes()))
		}
	}
	sep := string(filepath.Separator)
	if len(requests) != 8 || requests[0] != "sending WRITE "+filepath.FromSlash("/src/new/auth.ts")+"  true" ||
		requests[1] != "answered WRITE "+filepath.FromSlash("/src/new/auth.ts")+" ok true" ||
		requests[6] != "sending WRITE "+sep+".env"+sep+"local  true" {
		t.Errorf("%q", requests)
	}
}

// Whatever a plugin asks for, a file is written only below a root that its tool declares
// and that has a folder, under a name that means one file there.
func TestFilesThatAreRefused(t *testing.T) {
	t.Parallel()
	w := connectWriter(t, approval.None, asItIs)
	w.disk("folder/file", "kept")
	before := w.tree()
	tests := map[string]struct {
		tool       int
		args, want string
	}{
		"an undeclared root":  {fakeplugin.Write, `"root":"home","path":"a"`, "does not declare this root"},
		"no root":             {fakeplugin.Write, `"root":"../root","path":"a"`, "does not declare this root"},
		"a reading tool":      {fakeplugin.Read, `"path":"a"`, `declares the effect "read"`},
		"the folder above":    {fakeplugin.Write, `"path":"../beside"`, `the element ".."`},
		"out and in":          {fakeplugin.Write, `"path":"x/../../beside"`, `the element ".."`},
		"an absolute path":    {fakeplugin.Write, `"path":"/etc/auth0-mcp-was-here"`, "is absolute"},
		"a backslash":         {fakeplugin.Write, `"path":"..\\beside"`, "not every system allows"},
		"a stream":            {fakeplugin.Write, `"path":"folder/file:stream"`, "not every system allows"},
		"a device of Windows": {fakeplugin.Write, `"path":"folder/Aux.txt"`, "device on Windows"},
		"a NUL":               {fakeplugin.Write, `"path":"a\u0000b"`, "control character"},
		"an override":         {fakeplugin.Write, `"path":"a\u202etxt.exe"`, "invisible"},
		"Git's configuration": {fakeplugin.Write, `"path":".GIT/config"`, "Git runs"},
		"no path":             {fakeplugin.Write, `"path":""`, "is empty"},
		"a long path":         {fakeplugin.Write, `"path":"` + strings.Repeat("a/", 300) + `a"`, "longer than 512 bytes"},
		"too large":           {fakeplugin.Write, fmt.Sprintf(`"path":"a","n":%d`, pluginv1.MaxBodyBytes), "it is over"},
		"a folder":            {fakeplugin.Write, `"path":"folder"`, "is a folder"},
		"below a file":        {fakeplugin.Write, `"path":"folder/file/a"`, "is a file, not a folder"},
		"another call":        {fakeplugin.Write, `"path":"a","call":"guess"`, "no call of plugin files in progress"},
	}
	for name, tt := range tests {
		// A plugin that is honest about it, and one that hides it.
		for _, do := range []string{"file-or-fail", "file"} {
			got := w.with(tt.tool, `{"do":"`+do+`",`+tt.args+`}`)
			if !strings.Contains(got.text, tt.want) || do == "file-or-fail" &&
				(!got.isError || tt.tool == fakeplugin.Write && !strings.Contains(got.text, "Nothing was changed.")) {
				t.Errorf("%s (%s): %+v, want %s", name, do, got, tt.want)
			}
		}
		if got := w.tree(); got != before {
			t.Errorf("%s: %s\nbefore\n%s", name, got, before)
		}
	}
	if _, err := os.Lstat("/etc/auth0-mcp-was-here"); err == nil {
		t.Error("a file outside of the root")
	}
}

func TestFilesOfARootWithoutAFolder(t *testing.T) {
	t.Parallel()
	none := connectWriter(t, approval.Terminal, func(cfg *egress.Config, _ *writer) { cfg.Files = nil })
	if got := none.write(`{"do":"file-or-fail","path":"a"}`); !got.isError ||
		!strings.Contains(got.text, "--project-root DIR") {
		t.Errorf("%+v", got)
	}
	gone := connectWriter(t, approval.None, asItIs)
	if err := os.Remove(gone.root); err != nil {
		t.Fatal(err)
	}
	if got := gone.write(`{"do":"file-or-fail","path":"a"}`); !got.isError ||
		!strings.Contains(got.text, "does not exist") || strings.Contains(gone.tree(), "root") {
		t.Errorf("%+v", got)
	}
}

// A read-only server writes no file, whatever tools it offers.
func TestReadOnlyWritesNoFile(t *testing.T) {
	t.Parallel()
	w := connectWriter(t, approval.None, func(cfg *egress.Config, _ *writer) { cfg.ReadOnly = true })
	before := w.tree()
	if got := w.write(`{"do":"file","path":"a"}`); !got.isError || !strings.Contains(got.text, "the server is read-only") {
		t.Errorf("%+v", got)
	}
	if got := w.tree(); got != before {
		t.Error(got)
	}
}

// No link is followed, also not inside the root, and nothing but a file is replaced.
func TestFilesBehindLinks(t *testing.T) {
	t.Parallel()
	if runtime.GOOS == "windows" {
		t.Skip("a link needs rights there")
	}
	// Both before the user is asked and where no one is.
	for _, mode := range []approval.Mode{approval.None, approval.Terminal} {
		w := connectWriter(t, mode, asItIs)
		w.disk("inside/file", "kept")
		for name, target := range map[string]string{"out": w.above, "in": "inside", "file": "inside/file",
			"dangling": "../new"} {
			if err := os.Symlink(target, filepath.Join(w.root, name)); err != nil {
				t.Fatal(err)
			}
		}
		before := w.tree()
		for _, path := range []string{"out/beside", "out/new", "in/file", "in/new", "in/deep/new", "file", "dangling",
			"out"} {
			if got := w.write(`{"do":"file-or-fail","path":"` + path + `"}`); !got.isError ||
				!strings.Contains(got.text, "is a symbolic link") {
				t.Errorf("%s: %+v", path, got)
			}
			if got := w.tree(); got != before {
				t.Fatalf("%s: %s\nbefore\n%s", path, got, before)
			}
		}
	}
}

// A dry run writes nothing; the user sees where and what, the model not what was there;
// what was approved is written, once.
func TestFilesNeedApproval(t *testing.T) {
	t.Parallel()
	w := connectWriter(t, approval.Terminal, asItIs)
	w.disk("old.env", "DATABASE=kept-from-the-model\n")
	before := w.tree()
	const args = `{"do":"file","path":"src/new.ts,old.env","file":"line one\nline two of "}`
	proposed := w.write(args)
	if got := w.tree(); got != before {
		t.Errorf("before the approval: %s", got)
	}
	if strings.Contains(proposed.text, "kept-from-the-model") ||
		!strings.Contains(proposed.text, "WRITE project:old.env") || !strings.Contains(proposed.text, "was 29") ||
		strings.Contains(proposed.text, "sha256") {
		t.Errorf("the model reads %s", proposed.text)
	}
	shown := w.approve(proposed)
	for _, want := range []string{
		"WRITE project:src/new.ts\n  (a new file)\n", "  folder: \"" + filepath.ToSlash(w.root) + "\"\n",
		"    | line one\n    | line two of src/new.ts\n",
		"WRITE project:old.env\n", "    | DATABASE=kept-from-the-model → \n    | line one\n    | line two of old.env",
	} {
		if runtime.GOOS != "windows" && !strings.Contains(shown, want) {
			t.Errorf("the user is shown\n%s\nwithout %q", shown, want)
		}
	}
	if got := w.write(args); got.isError || got.text != `["made project:src/new.ts","replaced project:old.env"]` {
		t.Errorf("approved: %+v", got)
	}
	after := w.tree()
	if !strings.Contains(after, `"line one\nline two of src/new.ts"`) ||
		!strings.Contains(after, `"line one\nline two of old.env"`) {
		t.Errorf("approved: %s", after)
	}
	if got := w.write(args); got.isError || strings.Contains(got.text, "changed") || w.tree() != after {
		t.Errorf("files that are as they shall be: %+v", got)
	}
	w.disk("old.env", "another")
	changed := w.tree()
	if got := w.write(args); got.kind != "approval_required" || !strings.Contains(got.text, "old.env") ||
		strings.Contains(got.text, "new.ts\n") || w.tree() != changed {
		t.Errorf("a second time: %+v", got)
	}
}

// A file that has its content already is left alone: no change, no record, and the answer of a file that was written.
func TestFilesThatAreAsTheyShallBe(t *testing.T) {
	t.Parallel()
	w := connectWriter(t, approval.None, asItIs)
	w.disk("same", "text of same")
	w.disk("other", "other")
	path := filepath.Join(w.root, "same")
	old := time.Unix(1_700_000_000, 0)
	if err := os.Chtimes(path, old, old); err != nil {
		t.Fatal(err)
	}
	got := w.write(`{"do":"file","path":"same,other","file":"text of "}`)
	if got.isError || !strings.Contains(got.text, `["replaced project:same","replaced project:other"]`) {
		t.Errorf("%+v", got)
	}
	if info, err := os.Stat(path); err != nil || !info.ModTime().Equal(old) {
		t.Errorf("it was written: %v, %v", info.ModTime(), err)
	}
	for _, r := range recorded(t, w.audited) {
		if r.Kind == audit.KindRequest && strings.Contains(r.Path, "same") {
			t.Errorf("a record: %+v", r)
		}
	}
	if runtime.GOOS == "windows" {
		return
	}
	if err := os.Chmod(path, 0o755); err != nil {
		t.Fatal(err)
	}
	w.write(`{"do":"file","path":"same","file":"text of "}`)
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o644 {
		t.Errorf("an executable file stays so: %v, %v", info.Mode(), err)
	}
}

// What is not a text is shown by its size and its digest, also where it was and where it
// will be.
func TestPlansOfBinaryFiles(t *testing.T) {
	t.Parallel()
	w := connectWriter(t, approval.Terminal, asItIs)
	w.disk("b", "\x00old")
	shown := w.approve(w.write(`{"do":"file","path":"a,b","file":"\u0000"}`))
	of := func(content string) string {
		return fmt.Sprintf("bytes: %d\n  ", len(content)) +
			fmt.Sprintf("folder: %q\n  sha256: \"%x\"", w.root, sha256.Sum256([]byte(content)))
	}
	replaced := fmt.Sprintf("bytes: 4 → 2\n  folder: %q\n  sha256: \"%x\" → \"%x\"", w.root,
		sha256.Sum256([]byte("\x00old")), sha256.Sum256([]byte("\x00b")))
	if !strings.Contains(shown, of("\x00a")) || !strings.Contains(shown, replaced) {
		t.Errorf("the user is shown\n%s", shown)
	}
}

// Only what was approved is written, in its order, and only while the file is as it was:
// what happens between the plan and the user's answer counts.
func TestFilesAreWrittenAsApproved(t *testing.T) {
	t.Parallel()
	remove := func(w *writer, path string) {
		if err := os.Remove(filepath.Join(w.root, path)); err != nil {
			w.t.Fatal(err)
		}
	}
	tests := map[string]struct {
		args   string
		change func(*writer)
		want   string // of the error; empty: it is written
	}{
		"as it was": {`{"do":"file","path":"a"}`, func(*writer) {}, ""},
		"changed":   {`{"do":"file","path":"a"}`, func(w *writer) { w.disk("a", "mine") }, "not as it was"},
		"deleted":   {`{"do":"file","path":"a"}`, func(w *writer) { remove(w, "a") }, "not as it was"},
		"made":      {`{"do":"file","path":"b"}`, func(w *writer) { w.disk("b", "mine") }, "not as it was"},
		"large, changed": {`{"do":"file","path":"large"}`, func(w *writer) { w.disk("large", strings.Repeat("y", 1<<20)) },
			"not as it was"},
		"twice":            {`{"do":"file","path":"a,b,a"}`, func(*writer) {}, ""},
		"a new one twice":  {`{"do":"file","path":"b,b"}`, func(*writer) {}, ""},
		"in another order": {`{"do":"file-swap","path":"a,b"}`, func(*writer) {}, "comes before it"},
		"another content":  {`{"do":"file-other","path":"a"}`, func(*writer) {}, "not part of what was approved"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			w := connectWriter(t, approval.Elicit, asItIs)
			w.request("initialize",
				`{"protocolVersion":"2025-11-25","capabilities":{"elicitation":{}},"clientInfo":{"name":"t","version":"1"}}`)
			w.disk("a", "before")
			w.disk("large", strings.Repeat("x", 1<<20))
			w.send(`{"jsonrpc":"2.0","id":"w","method":"tools/call","params":{"name":"auth0_files_write","arguments":` +
				tt.args + `}}`)
			id, _ := (&approving{client: w.client}).asked(t)
			tt.change(w)
			before := w.tree()
			w.send(`{"jsonrpc":"2.0","id":` + id + `,"result":{"action":"accept"}}`)
			got := seenOf(t, w.wait(`"w"`))
			if tt.want == "" {
				if got.isError || w.tree() == before {
					t.Errorf("%+v\n%s", got, w.tree())
				}
				return
			}
			if !got.isError || !strings.Contains(got.text, "was not written: ") || !strings.Contains(got.text, tt.want) ||
				w.tree() != before {
				t.Errorf("%+v\n%s", got, w.tree())
			}
		})
	}
}

// An approval is for a folder, not for a name that another server gives to another.
func TestApprovalOfAFileIsForItsFolder(t *testing.T) {
	t.Parallel()
	first := connectWriter(t, approval.Terminal, asItIs)
	second := connectWriter(t, approval.Terminal, func(_ *egress.Config, w *writer) {
		w.approvals = first.approvals
	})
	const args = `{"do":"file","path":"a"}`
	first.approve(first.write(args))
	if got := second.write(args); got.kind != "approval_required" || strings.Contains(second.tree(), "root/a") {
		t.Errorf("in another folder: %+v", got)
	}
	if got := first.write(args); got.isError || !strings.Contains(first.tree(), "root/a") {
		t.Errorf("%+v", got)
	}
}

// A file is for the calls of its own plugin, while they last.
func TestFilesBelongToACall(t *testing.T) {
	t.Parallel()
	w := connectWriter(t, approval.None, asItIs)
	before := w.tree()
	w.send(`{"jsonrpc":"2.0","id":"live","method":"tools/call","params":{"name":"auth0_files_write",` +
		`"arguments":{"do":"wait"},"_meta":{"progressToken":"p"}}}`)
	live := w.message("notifications/progress")
	if text, _ := w.call("thief", fakeplugin.Write,
		fmt.Sprintf(`{"do":"file","path":"a","call":%q}`, live)); !strings.Contains(text, "CODE_CALL_ENDED") {
		t.Errorf("with another plugin's call: %s", text)
	}
	if got := w.tree(); got != before {
		t.Error(got)
	}
	if got := w.write(fmt.Sprintf(`{"do":"file","path":"a","call":%q}`, live)); !strings.Contains(got.text, "made") {
		t.Errorf("the id is not live, so the thief proves nothing: %+v", got)
	}
	w.send(`{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":"live"}}`)
	id := w.write(`{"do":"id"}`)
	if got := w.write(fmt.Sprintf(`{"do":"file","path":"b","call":%s}`, id.text)); !strings.Contains(got.text,
		"CODE_CALL_ENDED") || strings.Contains(w.tree(), "root/b") {
		t.Errorf("with the id of a call that has ended: %+v", got)
	}
}

// No file is written whose record is not on disk.
func TestNoFileWithoutItsRecord(t *testing.T) {
	t.Parallel()
	w := connectWriter(t, approval.None, asItIs)
	before := w.tree()
	if err := os.WriteFile(w.audited, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if got := w.write(`{"do":"file","path":"a"}`); !got.isError ||
		!strings.Contains(got.text, "project:a was not written: ") || !strings.Contains(got.text, "--audit=best-effort") ||
		!strings.Contains(got.text, "Nothing was changed.") || w.tree() != before {
		t.Errorf("%+v\n%s", got, w.tree())
	}
}

// A plan is small enough for a user to read.
func TestPlansOfFilesAreBounded(t *testing.T) {
	t.Parallel()
	w := connectWriter(t, approval.Terminal, asItIs)
	var many []string
	for i := range 101 {
		many = append(many, fmt.Sprint("f", i))
	}
	for _, args := range []string{`"path":"` + strings.Join(many, ",") + `"`, `"path":"a","n":5000000`} {
		if got := w.write(`{"do":"file-or-fail",` + args + `}`); !got.isError ||
			!strings.Contains(got.text, "the call changes too much") {
			t.Errorf("%.500s", got.text)
		}
	}
	if got := w.tree(); strings.Contains(got, "root/") {
		t.Error(got)
	}
}

// A failure after a file was written tells of it, whatever the plugin says.
func TestFailureAfterAFile(t *testing.T) {
	t.Parallel()
	w := connectWriter(t, approval.None, asItIs)
	got := w.write(`{"do":"file-or-fail","path":"a,b/c,a/b"}`)
	if !got.isError || !strings.Contains(got.text, "This call wrote files: project:a, project:b/c. Check the files "+
		"before you try again.") {
		t.Errorf("%+v", got)
	}
}
