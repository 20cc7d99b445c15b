package audit

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"
)

// State describes a log without reading it.
type State struct {
	// Path is the file that records of changes are appended to.
	Path string
	// Exists is whether it is there.
	Exists   bool
	Bytes    int64
	Modified time.Time
}

// Look checks whether records could be appended to the log in a folder. It changes
// nothing: what does not exist yet must be possible to make.
func Look(folder string) (State, error) {
	s := State{Path: filepath.Join(folder, ChainChanges.currentName())}
	info, err := os.Lstat(folder)
	if errors.Is(err, fs.ErrNotExist) {
		return s, writable(nearest(folder))
	}
	if err != nil {
		return s, err
	}
	if err := inspectFolder(folder, info); err != nil {
		return s, err
	}
	if err := writable(folder); err != nil {
		return s, err
	}
	if info, err = appendable(s.Path); err != nil {
		return s, err
	}
	if info != nil {
		s.Exists, s.Bytes, s.Modified = true, info.Size(), info.ModTime()
	}
	_, err = appendable(filepath.Join(folder, ChainReads.currentName()))
	return s, err
}

// appendable checks that a file can be appended to; nil if there is none yet.
func appendable(path string) (fs.FileInfo, error) {
	info, err := os.Lstat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil //nolint:nilnil // the first record makes it
	}
	if err != nil {
		return nil, err
	}
	if err := checkFile(info); err != nil {
		return nil, fmt.Errorf("%s: %w", filepath.Base(path), err)
	}
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_APPEND, 0)
	if err != nil {
		return nil, err
	}
	return info, f.Close()
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
