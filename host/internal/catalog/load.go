package catalog

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
)

const (
	manifestName   = "manifest.json"
	manifestSuffix = ".manifest.json"
	// windowsSuffix is what Windows executes a program by.
	windowsSuffix = ".exe"
)

// Load reads every manifest of the sources: dev plugins first, then the plugin
// dirs in their order, the user's folder, the bundled folder; within a folder by
// name. Of two plugins with one name the first wins. A plugin that cannot be
// loaded becomes a Refusal and the others go on; the error is for a folder that a
// user named and that cannot be read.
func Load(src Sources) (*Catalog, error) {
	folders, err := src.folders()
	if err != nil {
		return nil, err
	}
	l := loader{src: src, plugins: map[string]*Plugin{}, toolOwner: map[string]*Plugin{},
		refusedTools: map[string]Refusal{}, programs: map[[2]string]program{}}
	for _, dev := range src.Dev {
		l.addDev(dev)
	}
	stored := false
	for _, f := range folders {
		if f.origin != OriginDir && !stored {
			l.addStored()
			stored = true
		}
		paths, unreadable, err := scanFolder(f.dir, src.StoreDir)
		switch {
		case err != nil && f.origin == OriginDir:
			return nil, fmt.Errorf("plugin folder: %w", err)
		case err != nil:
			unreadable = append(unreadable, unreadableFolderError{f.dir, err})
		}
		for _, u := range unreadable {
			l.refuse(Refusal{Name: filepath.Base(u.dir), Path: u.dir, Origin: f.origin, Kind: Broken,
				Reason: u.Error(), Remedy: "make the folder readable, or remove it"})
		}
		l.addManifests(paths, f.origin)
	}
	if !stored {
		l.addStored()
	}
	l.refuseMissing()
	return l.catalog(), nil
}

type folder struct {
	dir    string
	origin Origin
}

// folders are the existing folders, each once however often and under whatever
// name it is given: otherwise every plugin in it would be reported as its own
// duplicate.
func (src Sources) folders() ([]folder, error) {
	var list []folder
	seen := map[string]bool{}
	bundled, err := resolveFolder(src.BundledDir)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("bundled plugins: %w", err)
	}
	add := func(dir, resolved string, origin Origin) error {
		if resolved == "" || seen[resolved] {
			return nil
		}
		seen[resolved] = true
		if resolved == bundled {
			origin = OriginBundled
		}
		absolute, err := filepath.Abs(dir)
		list = append(list, folder{absolute, origin})
		return err
	}
	for _, dir := range src.PluginDirs {
		resolved, err := resolveFolder(dir)
		if err != nil {
			return nil, fmt.Errorf("plugin folder: %w; name an existing folder with --plugin-dir or AUTH0_MCP_PLUGIN_DIR", err)
		}
		if err := add(dir, resolved, OriginDir); err != nil {
			return nil, fmt.Errorf("plugin folder %s: %w", dir, err)
		}
	}
	user, err := resolveFolder(src.UserDir)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("user's plugin folder %s: %w: move away what is in its way, or set XDG_DATA_HOME to "+
			"another folder", src.UserDir, err)
	}
	return list, errors.Join(add(src.UserDir, user, OriginUser), add(src.BundledDir, bundled, OriginBundled))
}

// resolveFolder returns the real path of a folder; "" for "".
func resolveFolder(dir string) (string, error) {
	if dir == "" {
		return "", nil
	}
	absolute, err := filepath.Abs(dir)
	if err != nil {
		return "", err
	}
	return filepath.EvalSymlinks(absolute)
}

// unreadableFolderError is a subfolder that hides whatever plugin it may hold.
type unreadableFolderError struct {
	dir string
	err error
}

func (u unreadableFolderError) Error() string { return u.err.Error() }
func (u unreadableFolderError) Unwrap() error { return u.err }

// scanFolder returns the manifests in a folder and in its direct subfolders: manifest.json and *.manifest.json, hidden
// names and the store excepted, the folder's own first, then by name.
func scanFolder(dir, store string) (found []string, unreadable []unreadableFolderError, err error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, nil, err
	}
	var below []string
	for _, e := range entries {
		path := filepath.Join(dir, e.Name())
		switch {
		case strings.HasPrefix(e.Name(), "."), path == store:
		case isManifestName(e.Name()):
			found = append(found, path)
		case isFolder(path, e):
			inner, err := os.ReadDir(path)
			if err != nil {
				unreadable = append(unreadable, unreadableFolderError{path, err})
			}
			for _, ie := range inner {
				if isManifestName(ie.Name()) {
					below = append(below, filepath.Join(path, ie.Name()))
				}
			}
		}
	}
	return append(found, below...), unreadable, nil
}

func isManifestName(name string) bool {
	return name == manifestName || strings.HasSuffix(name, manifestSuffix) && !strings.HasPrefix(name, ".")
}

// isFolder follows symbolic links: package managers install folders as links.
func isFolder(path string, e os.DirEntry) bool {
	if e.Type()&fs.ModeSymlink == 0 {
		return e.IsDir()
	}
	info, err := os.Stat(path)
	return err == nil && info.IsDir()
}

// ReadPlugin reads one manifest for plugin install: it checks the manifest in
// full, compiles the schemas and finds the executable. The result is not trusted
// yet: its Binary is zero.
func ReadPlugin(manifestPath string) (*Plugin, error) {
	absolute, err := filepath.Abs(manifestPath)
	if err != nil {
		return nil, err
	}
	p, data, err := readPlugin(absolute)
	if err != nil {
		return nil, err
	}
	if _, err := decodeSchemas(data, p.Manifest); err != nil {
		return nil, err
	}
	if err := ValidateManifest(p.Manifest); err != nil {
		return nil, fmt.Errorf("%s: %w", manifestPath, err)
	}
	if p.Path, err = resolveExecutable(runtime.GOOS, p.Dir, p.Executable); err != nil {
		return nil, fmt.Errorf("%s: %w", manifestPath, err)
	}
	return p, nil
}

// readPlugin reads and decodes the manifest at an absolute path and checks nothing but its form. The digest is that of
// the bytes that were decoded, which it returns.
func readPlugin(path string) (*Plugin, []byte, error) {
	data, err := ReadSmall(path, maxManifestBytes)
	if err != nil {
		return nil, nil, err
	}
	m, err := parseManifest(data)
	if err != nil {
		return nil, nil, err
	}
	p := &Plugin{Manifest: m, Dir: filepath.Dir(path), ManifestPath: path, ManifestDigest: sha256.Sum256(data)}
	return p, data, nil
}

// ExecutableName is the name of a manifest's executable on a system, as GOOS names it.
// A manifest is the same on all systems: on Windows the name gets the ending .exe,
// unless it has it.
func ExecutableName(goos, executable string) string {
	if goos == "windows" && !strings.EqualFold(filepath.Ext(executable), windowsSuffix) {
		return executable + windowsSuffix
	}
	return executable
}

// resolveExecutable returns the absolute path of a manifest's executable on a system.
// It is refused if symbolic links lead out of the folder, if
// it is not a regular file, or if it may not be executed.
func resolveExecutable(goos, dir, executable string) (string, error) {
	if err := checkExecutable(executable); err != nil {
		return "", err
	}
	executable = ExecutableName(goos, executable)
	path := filepath.Join(dir, filepath.FromSlash(executable))
	if runtime.GOOS == "windows" && filepath.Ext(path) != ".exe" {
		path += ".exe" // manifests are the same on every platform
	}
	realPath, err := filepath.EvalSymlinks(path)
	if err != nil {
		return "", fmt.Errorf("executable %s: %w", executable, err)
	}
	realDir, err := filepath.EvalSymlinks(dir)
	if err != nil {
		return "", fmt.Errorf("executable %s: %w", executable, err)
	}
	if inside, err := filepath.Rel(realDir, realPath); err != nil || !filepath.IsLocal(inside) {
		return "", fmt.Errorf("executable %s leads out of its folder, to %s", executable, realPath)
	}
	info, err := os.Stat(realPath)
	switch {
	case err != nil:
		return "", fmt.Errorf("executable %s: %w", executable, err)
	case !info.Mode().IsRegular():
		return "", fmt.Errorf("executable %s is not a regular file", executable)
	case goos != "windows" && info.Mode().Perm()&0o111 == 0:
		return "", fmt.Errorf("executable %s may not be executed: chmod +x %s", executable, path)
	}
	return path, nil
}

// guessName names a plugin whose manifest cannot be read.
func guessName(manifestPath string) string {
	base := filepath.Base(manifestPath)
	if name, ok := strings.CutSuffix(base, manifestSuffix); ok {
		return name
	}
	return filepath.Base(filepath.Dir(manifestPath))
}

// catalog orders what was loaded: by plugin name, and within a plugin as its
// author ordered the tools.
func (l *loader) catalog() *Catalog {
	c := &Catalog{refused: l.refused, refusedTools: l.refusedTools}
	for _, p := range l.plugins {
		c.plugins = append(c.plugins, p)
	}
	slices.SortFunc(c.plugins, func(a, b *Plugin) int { return strings.Compare(a.Name, b.Name) })
	for _, p := range c.plugins {
		for _, t := range p.Tools {
			c.tools = append(c.tools, newTool(p, t))
		}
	}
	return c
}
