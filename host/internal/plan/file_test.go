package plan

import (
	"strings"
	"testing"
)

func fileChange(path, content string) Change {
	var file File
	file.Set([]byte(content), 100)
	return Change{Method: MethodWrite, Path: path, Body: file.JSON(), After: file.JSON()}
}

// A file keeps its place among all steps of a plan.
func TestFilesKeepTheirPlace(t *testing.T) {
	create := Change{Method: "POST", Path: "/api/v2/clients", Body: []byte(`{}`)}
	steps := []Change{create, fileChange("project:src/app/one/a", "1"), fileChange("project:src/app/two/b", "2"),
		{Method: "DELETE", Path: "/api/v2/roles/r"}}
	e := Plan{Changes: steps}.Execute()
	for _, step := range steps {
		taken, reason := e.Take(step)
		if reason != "" {
			t.Errorf("%s in its turn: %s", step.Request(), reason)
		}
		e.Done(taken, step)
	}
	for first := 1; first < len(steps); first++ {
		e := Plan{Changes: steps}.Execute()
		if _, reason := e.Take(steps[first]); !strings.Contains(reason, "POST /api/v2/clients comes before it") &&
			!strings.Contains(reason, "WRITE project:src/app") {
			t.Errorf("%s first: %q", steps[first].Request(), reason)
		}
	}
}

// A file may hold the id of what the same call makes: the plan has a placeholder for it.
func TestFileWithAnIdThatIsMade(t *testing.T) {
	for given, want := range map[string]bool{"id=real-1 ": true, "id=another ": false} {
		p := planned(Change{Method: "POST", Path: "/api/v2/clients", Body: []byte(`{}`)},
			fileChange("project:a", "id=planned-id-001 "))
		e := p.Execute()
		step, reason := e.Take(Change{Method: "POST", Path: "/api/v2/clients", Body: []byte(`{}`)})
		if reason != "" {
			t.Fatal(reason)
		}
		e.Done(step, Change{Method: "POST", Path: "/api/v2/clients", Body: []byte(`{}`),
			After: []byte(`{"client_id":"real-1"}`)})
		if _, reason := e.Take(fileChange("project:a", given)); (reason == "") != want {
			t.Errorf("%q: %q", given, reason)
		}
	}
}

// A file that is written twice must be, the second time, exactly as the first left it.
func TestFileWrittenTwice(t *testing.T) {
	text, binary := fileChange("project:a", "text"), fileChange("project:a", "\xff")
	second := fileChange("project:a", "second")
	for name, tt := range map[string]struct {
		left, found Change
		want        bool
	}{
		"as it was left":        {text, text, true},
		"binary":                {binary, binary, true},
		"another text":          {text, second, false},
		"a text became binary":  {text, binary, false},
		"binary became a text":  {binary, text, false},
		"removed":               {text, Change{}, false},
		"a longer binary":       {binary, fileChange("project:a", "\xff\xff"), false},
		"the same length, else": {binary, fileChange("project:a", "\xfe"), false},
	} {
		e := Plan{Changes: []Change{text, second}}.Execute()
		step, reason := e.Take(text)
		if reason != "" {
			t.Fatal(reason)
		}
		done := text
		done.After = tt.left.After
		e.Done(step, done)
		step, reason = e.Take(second)
		if reason != "" {
			t.Fatal(reason)
		}
		now := second
		now.Before = tt.found.After
		if reason := e.Check(step, now); (reason == "") != tt.want {
			t.Errorf("%s: %q", name, reason)
		}
	}
}

// Without the contents of files that are there, a plan shows how large they are, and nothing to test guesses with.
func TestWithoutFileContents(t *testing.T) {
	change := fileChange("project:a", "new")
	change.Before = fileChange("project:a", "theirs").Body
	patch := Change{Method: "PATCH", Path: "/api/v2/clients/a", Before: []byte(`{"content":"kept"}`)}
	large := fileChange("project:b", "new")
	large.Before = []byte(`{"bytes":70000,"sha256":"1f"}`)
	shown := Plan{Changes: []Change{change, patch, large}}.WithoutFileContents()
	for at, size := range map[int]string{0: `"bytes":6`, 2: `"bytes":70000`} {
		if got := string(shown.Changes[at].Before); strings.Contains(got, "theirs") || !strings.Contains(got, size) ||
			strings.Contains(got, "sha256") {
			t.Error(got)
		}
	}
	if string(shown.Changes[0].Body) != string(change.Body) || string(shown.Changes[1].Before) != `{"content":"kept"}` ||
		!strings.Contains(string(change.Before), "theirs") {
		t.Errorf("%+v", shown)
	}
}
