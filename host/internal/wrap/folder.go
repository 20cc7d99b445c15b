package wrap

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strings"
)

const (
	manifestName   = "manifest.json"
	definitionName = "server.json"
	stagingPrefix  = ".wrap-"
)

// Write makes the folder of a plugin below dir, from which it is installed, and returns it. It is named for its
// content, and left as it is if it is there already (created is false then). The definition stays there for as long as
// the plugin is installed: the host starts the plugin with its path and digest, and only this user can read it.
func (p Plugin) Write(dir string, bridge Bridge) (folder string, created bool, err error) {
	digest := fmt.Sprintf("%x", sha256.Sum256(p.Definition))
	folder = filepath.Join(dir, p.Manifest.Name+"@"+digest[:12])
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return "", false, err
	}
	staged, err := os.MkdirTemp(dir, stagingPrefix)
	if err != nil {
		return "", false, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(staged)) }()
	manifest := p.Manifest
	manifest.Executable = Program
	manifest.Args = []string{"serve", filepath.Join(folder, definitionName), digest}
	encoded, err := manifest.Encode()
	if err != nil {
		return "", false, err
	}
	err = errors.Join(
		os.WriteFile(filepath.Join(staged, definitionName), p.Definition, 0o600),
		os.WriteFile(filepath.Join(staged, manifestName), encoded, 0o600),
		copyProgram(bridge.Path, filepath.Join(staged, executable(runtime.GOOS))))
	if err != nil {
		return "", false, err
	}
	if _, err := os.Stat(folder); err == nil {
		if same(staged, folder) {
			return folder, false, nil
		}
		if err := os.RemoveAll(folder); err != nil { // damaged, or of another version of the program
			return "", false, err
		}
	}
	return folder, true, os.Rename(staged, folder)
}

// Folder is the folder, in the user's data folder, that plugins are written below.
func Folder(data string) string { return filepath.Join(data, "wrapped") }

// Remove removes the folder that a plugin was installed from, which holds the values of its variables. It leaves a
// source alone that is not below dir.
func Remove(dir, source string) error {
	if filepath.Dir(source) != filepath.Clean(dir) || !strings.Contains(filepath.Base(source), "@") {
		return nil
	}
	if err := os.RemoveAll(source); err != nil {
		return err
	}
	if left, err := os.ReadDir(dir); err == nil && len(left) == 0 {
		return os.Remove(dir)
	}
	return nil
}

// RemoveOthers removes the folders that a plugin was installed from before.
func RemoveOthers(folder string) error {
	name, _, _ := strings.Cut(filepath.Base(folder), "@")
	former, err := filepath.Glob(filepath.Join(filepath.Dir(folder), name+"@*"))
	for _, path := range former {
		if path != folder {
			err = errors.Join(err, os.RemoveAll(path))
		}
	}
	return err
}

func executable(goos string) string {
	if goos == "windows" {
		return Program + ".exe"
	}
	return Program
}

// same reports whether two folders hold the same files of a plugin.
func same(a, b string) bool {
	for _, name := range []string{definitionName, manifestName, executable(runtime.GOOS)} {
		first, errA := os.ReadFile(filepath.Join(a, name))
		second, errB := os.ReadFile(filepath.Join(b, name))
		if errA != nil || errB != nil || string(first) != string(second) {
			return false
		}
	}
	return true
}

func copyProgram(from, to string) error {
	in, err := os.Open(from)
	if err != nil {
		return err
	}
	defer in.Close()
	//nolint:gosec // it is executed
	out, err := os.OpenFile(to, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o700)
	if err != nil {
		return err
	}
	_, err = io.Copy(out, in)
	return errors.Join(err, out.Close())
}
