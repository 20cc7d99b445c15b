package fileroot

import (
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"golang.org/x/sys/unix"
)

// A folder that becomes a link after it was checked, and before it is opened, is not
// followed: here it is exchanged with one all the time.
func TestFolderExchangedForALink(t *testing.T) {
	root := open(t, t.TempDir())
	folder, link, elsewhere := filepath.Join(root.Folder, "a"), filepath.Join(root.Folder,
		"link"), filepath.Join(root.Folder, "elsewhere")
	for _, dir := range []string{folder, elsewhere} {
		if err := os.Mkdir(dir, 0o700); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Symlink("elsewhere", link); err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	var exchanging sync.WaitGroup
	exchanging.Go(func() {
		for {
			select {
			case <-done:
				return
			default:
				if err := unix.Renameat2(unix.AT_FDCWD, folder, unix.AT_FDCWD, link, unix.RENAME_EXCHANGE); err != nil {
					t.Errorf("exchanging: %v", err)
					return
				}
			}
		}
	})
	replaced := 0
	for range 20000 {
		opened, _, err := root.parent("a/file", 0)
		if err != nil {
			if strings.Contains(err.Error(), "was replaced while it was opened") {
				replaced++
			}
			continue
		}
		info, err := opened.Stat(".")
		other, otherErr := os.Stat(elsewhere)
		if err != nil || otherErr != nil || os.SameFile(info, other) {
			t.Errorf("opened %v, %v, %v", info, err, otherErr)
		}
		_ = opened.Close()
		if t.Failed() {
			break
		}
	}
	close(done)
	exchanging.Wait()
	t.Logf("noticed %d times", replaced)
}
