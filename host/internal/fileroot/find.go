package fileroot

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/auth0-mcp/auth0-mcp/proto/pluginv1"
)

// What Find reads at most: files, bytes of each and of all, and names of one folder that has a pattern.
const (
	maxFound      = 100
	maxFoundBytes = 256 << 10
	maxAllBytes   = 2 << 20
	maxNames      = 10_000
	// maxSeen bounds the names of all folders together: a pattern of six stars reaches a whole disk.
	maxSeen = 50_000
)

// Found is a file that Find has found.
type Found struct {
	// Path is relative to the folder, with forward slashes.
	Path string
	// Content is nil for a file that is too large.
	Content []byte
}

// Below says where a folder is, relative to the root and with forward slashes; empty: it is the root. It may be
// absolute, also through symbolic links, if it is the root or below it.
func (r *Root) Below(folder string) (string, error) {
	if filepath.IsAbs(folder) {
		below, ok := r.absolute(folder)
		if !ok {
			return "", fmt.Errorf("the folder %s does not exist, or is not below %s, the folder that the user gave to tools",
				folder, r.Folder)
		}
		folder = filepath.ToSlash(below)
	}
	if folder = strings.TrimSuffix(strings.TrimPrefix(folder, "./"), "/"); folder == "" || folder == "." {
		return "", nil
	}
	return folder, pluginv1.CheckReadFolder(folder)
}

// absolute is where an absolute path is below the root. What is elsewhere and what does not exist is answered alike: a
// plugin learns nothing of the rest of the disk. On Windows no other volume is touched, which can be another computer
// to which the user would be signed in.
func (r *Root) absolute(folder string) (below string, ok bool) {
	if !strings.EqualFold(filepath.VolumeName(folder), filepath.VolumeName(r.Folder)) {
		return "", false
	}
	path, err := filepath.EvalSymlinks(folder)
	if err != nil {
		return "", false
	}
	below, err = filepath.Rel(r.Folder, path)
	return below, err == nil && filepath.IsLocal(below)
}

// Find returns the regular files of a folder, as Below has it, that fit one of the rules, in the rules' order. It
// follows no symbolic link, and leaves out what cannot be read. The error is of the folder.
func (r *Root) Find(folder string, rules []pluginv1.ReadRule) ([]Found, error) {
	top, _, err := r.parent(path.Join(folder, "x"), 0)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("the folder %s does not exist", r.Path(folder))
	}
	if err != nil {
		return nil, err
	}
	defer func() { _ = top.Close() }()
	f := finder{known: map[string]bool{}, room: maxAllBytes, unseen: maxSeen}
	for _, rule := range rules {
		f.find(top, "", rule.Segments)
	}
	return f.found, nil
}

// finder is a search in progress.
type finder struct {
	found []Found
	known map[string]bool
	room  int // the bytes that may still be read
	// unseen is how many names may still be looked at.
	unseen int
}

// find looks below a folder for what fits the rest of a pattern.
func (f *finder) find(folder *os.Root, at string, segments []string) {
	for _, name := range f.matching(folder, segments[0]) {
		below := path.Join(at, name)
		switch f.unseen--; {
		case len(f.found) >= maxFound || f.unseen < 0:
			return
		case len(segments) == 1:
			f.add(folder, name, below)
		default:
			inner, err := enter(folder, name, below, 0)
			if err != nil {
				continue
			}
			f.find(inner, below, segments[1:])
			_ = inner.Close()
		}
	}
}

// matching are the names in a folder that fit one element of a pattern.
func (f *finder) matching(folder *os.Root, segment string) []string {
	if !strings.Contains(segment, "*") {
		return []string{segment}
	}
	opened, err := folder.Open(".")
	if err != nil {
		return nil
	}
	defer func() { _ = opened.Close() }()
	all, err := opened.Readdirnames(maxNames)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil
	}
	f.unseen -= len(all)
	var names []string
	for _, name := range all {
		if pluginv1.MatchName(segment, name) && pluginv1.CheckFilePath(name) == nil {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

// add reads one file.
func (f *finder) add(folder *os.Root, name, below string) {
	info, err := folder.Lstat(name)
	if err != nil || !info.Mode().IsRegular() || f.known[below] {
		return
	}
	found := Found{Path: below}
	if most := min(maxFoundBytes, f.room); info.Size() <= int64(most) {
		content, err := readUpTo(folder, name, info, most)
		if err != nil {
			return
		}
		found.Content = content
		f.room -= len(content)
	}
	f.known[below] = true
	f.found = append(f.found, found)
}

// readUpTo reads the file that was found; nil if it has more bytes by now.
func readUpTo(folder *os.Root, name string, found fs.FileInfo, most int) ([]byte, error) {
	file, err := folder.OpenFile(name, os.O_RDONLY|nonBlock, 0)
	if err != nil {
		return nil, err
	}
	defer func() { _ = file.Close() }()
	info, err := file.Stat()
	if err == nil && !os.SameFile(found, info) {
		err = fmt.Errorf("%s was replaced while it was opened", name)
	}
	if err != nil {
		return nil, err
	}
	content, err := io.ReadAll(io.LimitReader(file, int64(most)+1))
	if len(content) > most {
		return nil, err
	}
	return content, err
}
