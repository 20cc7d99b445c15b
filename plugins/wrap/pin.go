package wrap

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"hash"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
)

// Pin is a file or folder that must not change.
type Pin struct {
	Path string `json:"path"`
	// SHA256 is the digest of a file's content, or of a folder's tree, in hexadecimal.
	SHA256 string `json:"sha256"`
	// Files is how many files a folder has; 0 for a file.
	Files int `json:"files,omitempty"`
}

const (
	// maxPinnedFiles and maxPinnedBytes bound a folder: it is read at each start of the server.
	maxPinnedFiles = 50_000
	maxPinnedBytes = 1 << 30
)

// ChangedError means that a pinned file or folder is not what was agreed to.
type ChangedError struct{ Path, Found, Pinned string }

func (e *ChangedError) Error() string {
	return fmt.Sprintf("%s has changed since it was agreed to (SHA-256 %.12s…, pinned %.12s…): if you know why, %s",
		e.Path, e.Found, e.Pinned, again)
}

// CheckPins compares every pinned file and folder with what it was.
func (l Launch) CheckPins() error {
	for _, pin := range l.Pins {
		found, err := digest(pin.Path)
		if err != nil {
			return fmt.Errorf("pinned for the wrapped server: %w: %s", err, again)
		}
		if found.SHA256 != pin.SHA256 {
			return &ChangedError{pin.Path, found.SHA256, pin.SHA256}
		}
	}
	return nil
}

// Prepared is a launch with its pins, and what the user should know about them.
type Prepared struct {
	Launch
	Warnings []string `json:"warnings,omitempty"`
}

// Prepare finds what a command would run and pins it: the executable, what its arguments name, and the paths in pin.
// A script is run by its interpreter, named in full. It executes nothing.
func Prepare(command []string, env map[string]string, pin []string) (Prepared, error) {
	if len(command) == 0 {
		return Prepared{}, errors.New("no command: want -- COMMAND ARGUMENTS")
	}
	path, err := exec.LookPath(command[0])
	if err == nil || errors.Is(err, exec.ErrDot) {
		path, err = absolute(path)
	}
	if err != nil {
		return Prepared{}, err
	}
	p := Prepared{Launch: Launch{Command: path, Args: slices.Clone(command[1:]), Env: env}}
	var local []string // what is pinned besides executables
	for i, arg := range p.Args {
		named, found, err := pathIn(arg)
		if err != nil {
			return Prepared{}, err
		}
		if found != "" {
			p.Args[i] = named
			local = append(local, found)
		}
	}
	if downloads(path) && len(local)+len(pin) == 0 {
		return Prepared{}, fmt.Errorf("%s runs what it downloads, which can be something else each time: install the "+
			"server into a folder, and wrap what is there, such as -- node FOLDER/node_modules/SERVER/index.js with --pin "+
			"FOLDER/node_modules", filepath.Base(path))
	}
	if err := p.checkImage(); err != nil {
		return Prepared{}, err
	}
	script, err := p.interpret()
	if err != nil {
		return Prepared{}, err
	}
	if script != "" {
		local = append([]string{script}, local...)
	}
	for _, extra := range pin {
		extra, err := absolute(extra)
		if err != nil {
			return Prepared{}, err
		}
		local = append(local, extra)
	}
	for _, path := range append([]string{p.Command}, local...) {
		if slices.ContainsFunc(p.Pins, func(known Pin) bool { return known.Path == path }) {
			continue
		}
		pinned, err := digest(path)
		if err != nil {
			return Prepared{}, err
		}
		p.Pins = append(p.Pins, pinned)
	}
	p.warn(len(pin) > 0)
	return p, nil
}

// pathIn finds a file or folder that an argument names, alone or as --flag=PATH. It returns the argument with the path
// in full.
func pathIn(arg string) (full, path string, err error) {
	prefix := ""
	if flag, value, ok := strings.Cut(arg, "="); ok && strings.HasPrefix(flag, "-") {
		prefix, arg = flag+"=", value
	}
	if arg == "" || (prefix == "" && strings.HasPrefix(arg, "-")) {
		return "", "", nil
	}
	if _, err := os.Stat(arg); err != nil {
		return "", "", nil //nolint:nilerr // it names no file
	}
	path, err = absolute(arg)
	return prefix + path, path, err
}

// downloads reports whether a program gets what it runs from a registry.
func downloads(path string) bool {
	name := strings.TrimSuffix(strings.ToLower(filepath.Base(path)), filepath.Ext(path))
	return slices.Contains([]string{"npx", "npm", "pnpm", "pnpx", "yarn", "bunx", "uvx", "uv", "pipx", "deno"}, name)
}

// checkImage requires that a container's image is named by its digest.
func (l Launch) checkImage() error {
	name := strings.TrimSuffix(strings.ToLower(filepath.Base(l.Command)), ".exe")
	if name != "docker" && name != "podman" {
		return nil
	}
	if slices.ContainsFunc(l.Args, func(arg string) bool { return strings.Contains(arg, "@sha256:") }) {
		return nil
	}
	return fmt.Errorf("%s runs whatever the image's name stands for at the time: name it by its digest, as in "+
		"IMAGE@sha256:…", name)
}

// interpret puts the interpreter of a script in its place, and returns the script; "" if the command is none.
func (l *Launch) interpret() (script string, err error) {
	file, err := os.Open(l.Command)
	if err != nil {
		return "", err
	}
	defer file.Close()
	head := make([]byte, 512)
	n, err := io.ReadFull(file, head)
	if err != nil && !errors.Is(err, io.ErrUnexpectedEOF) && !errors.Is(err, io.EOF) {
		return "", err
	}
	line, _, _ := bytes.Cut(head[:n], []byte("\n"))
	rest, isScript := bytes.CutPrefix(line, []byte("#!"))
	if !isScript {
		return "", nil
	}
	words := strings.Fields(string(rest))
	if len(words) > 0 && filepath.Base(words[0]) == "env" {
		words = slices.DeleteFunc(words[1:], func(word string) bool { return word == "-S" })
	}
	if len(words) == 0 || strings.Contains(words[0], "=") {
		return "", fmt.Errorf("%s is a script, and its first line does not say which program runs it: name that program, as "+
			"in -- INTERPRETER %s", l.Command, l.Command)
	}
	interpreter, err := exec.LookPath(words[0])
	if err != nil {
		return "", fmt.Errorf("%s is a script of %s: %w", l.Command, words[0], err)
	}
	script = l.Command
	if l.Command, err = absolute(interpreter); err != nil {
		return "", err
	}
	l.Args = slices.Concat(words[1:], []string{script}, l.Args)
	return script, nil
}

// warn says what is run and not pinned.
func (p *Prepared) warn(extra bool) {
	name := strings.TrimRight(strings.TrimSuffix(strings.ToLower(filepath.Base(p.Command)), ".exe"), "0123456789.")
	interpreters := []string{"node", "python", "ruby", "perl", "bun", "deno", "java", "php", "sh", "bash", "uv"}
	if !slices.Contains(interpreters, name) {
		return
	}
	folder := slices.ContainsFunc(p.Pins, func(pin Pin) bool { return pin.Files > 0 })
	switch {
	case len(p.Pins) == 1:
		p.Warnings = append(p.Warnings, fmt.Sprintf("only %s itself is pinned: what it runs can change without notice. "+
			"Name the server's files with --pin", name))
	case !folder && !extra:
		p.Warnings = append(p.Warnings, "files that the server loads besides the pinned ones can change without notice. "+
			"Pin the folder that holds them, such as --pin node_modules")
	}
}

// digest pins what is at a path.
func digest(path string) (Pin, error) {
	info, err := os.Stat(path)
	if err != nil {
		return Pin{}, err
	}
	sum := sha256.New()
	pin := Pin{Path: path}
	switch {
	case info.IsDir():
		pin.Files, err = digestTree(sum, path)
		if err == nil && pin.Files == 0 {
			err = fmt.Errorf("%s holds no files to pin", path)
		}
	case info.Mode().IsRegular():
		_, err = digestFile(sum, path, maxPinnedBytes)
	default:
		err = fmt.Errorf("%s is neither a file nor a folder, and cannot be pinned", path)
	}
	pin.SHA256 = fmt.Sprintf("%x", sum.Sum(nil))
	return pin, err
}

func digestFile(sum hash.Hash, path string, limit int64) (int64, error) {
	file, err := os.Open(path)
	if err != nil {
		return 0, err
	}
	defer file.Close()
	n, err := io.Copy(sum, io.LimitReader(file, limit+1))
	if err == nil && n > limit {
		err = fmt.Errorf("%s: over %d bytes cannot be pinned", path, int64(maxPinnedBytes))
	}
	return n, err
}

// tree hashes the files of a folder.
type tree struct {
	// root is the folder as it was named, base where it is.
	root, base string
	sum        hash.Hash
	files      int
	left       int64 // bytes that may still be read
}

// digestTree hashes the names and contents of all files below a folder, in order. A link counts with its target; one
// that leads out of the folder, also with the file there.
func digestTree(sum hash.Hash, root string) (files int, err error) {
	base, err := filepath.EvalSymlinks(root)
	if err != nil {
		return 0, err
	}
	t := tree{root: root, base: base, sum: sum, left: maxPinnedBytes}
	err = filepath.WalkDir(base, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		return t.add(path, entry.Type())
	})
	return t.files, err
}

func (t *tree) add(path string, kind fs.FileMode) error {
	if t.files++; t.files > maxPinnedFiles {
		return fmt.Errorf("%s holds more than %d files: pin a smaller folder", t.root, maxPinnedFiles)
	}
	name, err := filepath.Rel(t.base, path)
	if err != nil {
		return err
	}
	content, target := sha256.New(), ""
	follow := kind.IsRegular()
	switch {
	case follow:
	case kind == fs.ModeSymlink:
		if target, err = os.Readlink(path); err != nil {
			return err
		}
		if follow, err = t.leadsOut(path); err != nil {
			return err
		}
	default:
		return fmt.Errorf("%s is neither a file nor a folder, and cannot be pinned", path)
	}
	if follow {
		n, err := digestFile(content, path, t.left)
		if err != nil {
			return err
		}
		t.left -= n
	}
	_, err = fmt.Fprintf(t.sum, "%q %q %x\n", filepath.ToSlash(name), target, content.Sum(nil))
	return err
}

// leadsOut reports whether a link leads to a file that is not below the folder.
func (t *tree) leadsOut(path string) (bool, error) {
	found, err := filepath.EvalSymlinks(path)
	if errors.Is(err, fs.ErrNotExist) {
		return false, fmt.Errorf("%s is a link that leads nowhere: remove it, since what appears there later is not pinned",
			path)
	}
	if err != nil {
		return false, err
	}
	inside, err := filepath.Rel(t.base, found)
	if err != nil || filepath.IsLocal(inside) {
		return false, err
	}
	info, err := os.Stat(found)
	if err == nil && !info.Mode().IsRegular() {
		err = fmt.Errorf("%s is a link to %s, outside of the folder: pin that too, and remove the link", path, found)
	}
	return true, err
}
