package fileroot

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/auth0-mcp/auth0-mcp/proto/pluginv1"
)

func rules(t *testing.T, texts ...string) (list []pluginv1.ReadRule) {
	t.Helper()
	for _, text := range texts {
		rule, err := pluginv1.ParseReadRule("project:" + text)
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, rule)
	}
	return list
}

// Whatever a project holds, a search ends with a bounded number of files and bytes, in a stable order.
func TestFindIsBounded(t *testing.T) {
	root := open(t, t.TempDir())
	write := func(name string, size int) {
		t.Helper()
		path := filepath.Join(root.Folder, name)
		err := os.MkdirAll(filepath.Dir(path), 0o755)
		if err == nil {
			err = os.WriteFile(path, []byte(strings.Repeat("x", size)), 0o644)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	for i := range 2 * maxFound {
		write(fmt.Sprintf("many/%03d.txt", i), 1)
	}
	for i := range 2 * maxAllBytes / maxFoundBytes {
		write(fmt.Sprintf("large/%03d.txt", i), maxFoundBytes)
	}
	write("one/larger.txt", maxFoundBytes+1)
	found, err := root.Find("many", rules(t, "*.txt"))
	if err != nil || len(found) != maxFound || found[0].Path != "000.txt" || found[maxFound-1].Path != "099.txt" {
		t.Errorf("%d files, %v", len(found), err)
	}
	found, err = root.Find("large", rules(t, "*.txt", "000.txt"))
	sum := 0
	for _, file := range found {
		sum += len(file.Content)
	}
	if err != nil || sum != maxAllBytes || len(found) != 2*maxAllBytes/maxFoundBytes {
		t.Errorf("%d files of %d bytes, %v", len(found), sum, err)
	}
	if found, err = root.Find("one", rules(t, "*")); err != nil || len(found) != 1 || found[0].Content != nil {
		t.Errorf("%+v, %v", found, err)
	}
	if found, err = root.Find("", rules(t, "*/*/*.txt", "none/*", "many")); err != nil || len(found) != 0 {
		t.Errorf("%+v, %v", found, err)
	}
}

// A pattern that nothing fits ends too, however many names a project has.
func TestFindEnds(t *testing.T) {
	root := open(t, t.TempDir())
	for i := range 50 {
		if err := os.MkdirAll(filepath.Join(root.Folder, fmt.Sprintf("%02d/a/b", i)), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	top, err := root.folder.OpenRoot(".")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = top.Close() }()
	f := finder{known: map[string]bool{}, room: maxAllBytes, unseen: 100}
	f.find(top, "", rules(t, "*/*/*/none")[0].Segments)
	if f.unseen > 0 || f.unseen < -10 || len(f.found) != 0 {
		t.Errorf("%d names are left, %v", f.unseen, f.found)
	}
}

// A folder that is exchanged for a link while it is searched leads nowhere else.
func TestFindBesideALinkThatAppears(t *testing.T) {
	root := open(t, t.TempDir())
	elsewhere := t.TempDir()
	if err := os.WriteFile(filepath.Join(elsewhere, "a.txt"), []byte("secret"), 0o600); err != nil {
		t.Fatal(err)
	}
	folder := filepath.Join(root.Folder, "sub")
	stop, done := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(done)
		for {
			select {
			case <-stop:
				return
			default:
			}
			_ = os.Mkdir(folder, 0o755)
			_ = os.Remove(folder)
			_ = os.Symlink(elsewhere, folder)
			_ = os.Remove(folder)
		}
	}()
	for range 2000 {
		found, err := root.Find("", rules(t, "sub/*.txt", "*/a.txt"))
		if err != nil || len(found) != 0 {
			t.Errorf("%+v, %v", found, err)
			break
		}
	}
	close(stop)
	<-done
}
