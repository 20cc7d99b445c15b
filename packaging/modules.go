package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/mod/modfile"
	"golang.org/x/mod/module"
	"golang.org/x/mod/zip"
)

// goModules are the folders of our modules below root, relative and sorted; with examples those that others write.
func goModules(root string) ([]string, error) {
	var folders []string
	err := filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name := entry.Name()
		if entry.IsDir() && path != root &&
			(strings.HasPrefix(name, ".") || name == "node_modules" || name == "testdata" || name == "dist") {
			return fs.SkipDir
		}
		if name != "go.mod" || entry.IsDir() {
			return nil
		}
		folder, err := filepath.Rel(root, filepath.Dir(path))
		folders = append(folders, folder)
		return err
	})
	if err == nil && len(folders) == 0 {
		err = errors.New("there is no go.mod below " + root)
	}
	slices.Sort(folders)
	return folders, err
}

// pinned is a go.mod that requires our modules in that version. Its replace directives stay: they count in the
// repository, and Go ignores them in a dependency.
func pinned(path, version string) (*modfile.File, []byte, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, nil, err
	}
	mod, err := modfile.Parse(path, data, nil)
	if err != nil {
		return nil, nil, err
	}
	for _, require := range mod.Require {
		if !strings.HasPrefix(require.Mod.Path, ours) || require.Mod.Version == version {
			continue
		}
		if err := mod.AddRequire(require.Mod.Path, version); err != nil {
			return nil, nil, err
		}
	}
	data, err = mod.Format()
	return mod, data, err
}

// pinModules writes that version into every go.mod below root that requires one of our modules.
func pinModules(root, version string) error {
	folders, err := goModules(root)
	if err != nil {
		return err
	}
	for _, folder := range folders {
		path := filepath.Join(root, folder, "go.mod")
		_, data, err := pinned(path, version)
		if err != nil {
			return err
		}
		if err := os.WriteFile(path, data, 0o644); err != nil { //nolint:gosec // it is source
			return err
		}
	}
	return nil
}

// writeModules writes our modules as what GOPROXY=file://… reads, as they will be when that version is tagged.
// https://go.dev/ref/mod#goproxy-protocol
func writeModules(root, out, version string) error {
	if out == "" {
		return errors.New("-out: want a folder")
	}
	folders, err := goModules(root)
	if err != nil {
		return err
	}
	if err := os.RemoveAll(out); err != nil {
		return err
	}
	for _, folder := range folders {
		if err := writeModule(root, folder, out, version); err != nil {
			return fmt.Errorf("%s: %w", folder, err)
		}
	}
	return nil
}

func writeModule(root, folder, out, version string) error {
	mod, text, err := pinned(filepath.Join(root, folder, "go.mod"), version)
	if err != nil || !strings.HasPrefix(mod.Module.Mod.Path, ours) {
		return err
	}
	if want := ours + filepath.ToSlash(folder); mod.Module.Mod.Path != want {
		return fmt.Errorf("the module is called %s: a tag is found only for %s", mod.Module.Mod.Path, want)
	}
	escaped, err := module.EscapePath(mod.Module.Mod.Path)
	if err != nil {
		return err
	}
	target := filepath.Join(out, filepath.FromSlash(escaped), "@v")
	if err := os.MkdirAll(target, 0o755); err != nil { //nolint:gosec // modules are public
		return err
	}
	info, err := json.Marshal(map[string]string{"Version": version, "Time": "2000-01-01T00:00:00Z"})
	if err != nil {
		return err
	}
	for name, data := range map[string][]byte{
		"list": []byte(version + "\n"), version + ".info": info, version + ".mod": text,
	} {
		if err := os.WriteFile(filepath.Join(target, name), data, 0o644); err != nil { //nolint:gosec // as above
			return err
		}
	}
	source, err := os.MkdirTemp("", "packaging-*")
	if err != nil {
		return err
	}
	defer os.RemoveAll(source)
	if err := os.CopyFS(source, os.DirFS(filepath.Join(root, folder))); err != nil {
		return err
	}
	licence, err := os.ReadFile(filepath.Join(root, "LICENSE"))
	if err != nil {
		return err
	}
	// As Go does for a module below the root of a repository.
	for name, data := range map[string][]byte{"go.mod": text, "LICENSE": licence} {
		if err := os.WriteFile(filepath.Join(source, name), data, 0o600); err != nil {
			return err
		}
	}
	archive, err := os.Create(filepath.Join(target, version+".zip"))
	if err != nil {
		return err
	}
	defer archive.Close()
	if err := zip.CreateFromDir(archive, module.Version{Path: mod.Module.Mod.Path, Version: version}, source); err != nil {
		return err
	}
	return archive.Close()
}
