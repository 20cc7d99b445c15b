package audit

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"time"
)

// State is what can be said of a log without reading it.
type State struct {
	// Path is the file that records are appended to.
	Path string
	// Exists is whether it is there.
	Exists   bool
	Bytes    int64
	Modified time.Time
}

// Look finds out whether records could be appended to the log in a folder. It
// changes nothing: what does not exist yet must be possible to make.
func Look(folder string) (State, error) {
	s := State{Path: filepath.Join(folder, currentName)}
	info, err := os.Lstat(folder)
	if errors.Is(err, fs.ErrNotExist) {
		return s, writable(nearest(folder))
	}
	if err != nil {
		return s, err
	}
	if err := inspectFolder(info); err != nil {
		return s, err
	}
	if err := writable(folder); err != nil {
		return s, err
	}
	info, err = os.Lstat(s.Path)
	if errors.Is(err, fs.ErrNotExist) {
		return s, nil
	}
	if err != nil {
		return s, err
	}
	s.Exists, s.Bytes, s.Modified = true, info.Size(), info.ModTime()
	if err := checkFile(info); err != nil {
		return s, err
	}
	f, err := os.OpenFile(s.Path, os.O_WRONLY|os.O_APPEND, 0)
	if err != nil {
		return s, err
	}
	return s, f.Close()
}

// nearest is the folder that exists above a path. A file in the place of one is
// returned too: nothing can be made below it.
func nearest(path string) string {
	for {
		above := filepath.Dir(path)
		if above == path {
			return path
		}
		path = above
		if _, err := os.Stat(path); err == nil || !errors.Is(err, fs.ErrNotExist) {
			return path
		}
	}
}
