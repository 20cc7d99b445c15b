package release

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"compress/flate"
	"compress/gzip"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/auth0-mcp/auth0-mcp/host/internal/atomicfile"
	"github.com/auth0-mcp/auth0-mcp/host/internal/catalog"
)

const manifestName = "manifest.json"

// Pack makes the archives of a release and its document. The same input gives the same bytes on every machine.
type Pack struct {
	// Manifest is the path of manifest.json.
	Manifest string
	// Executables are the paths of the programs by platform, such as linux/amd64.
	Executables map[string]string
	// Extra are the paths of further files that each archive gets, such as a license. They are not installed.
	Extra []string
	// Folder is where the files go. It need not exist.
	Folder string
	// Published is when the release is made.
	Published time.Time
}

// packed is one file of an archive.
type packed struct {
	name       string
	data       []byte
	executable bool
}

// archiveTime is that of every file in an archive: the earliest that a zip archive can hold.
var archiveTime = time.Date(1980, 1, 1, 0, 0, 0, 0, time.UTC)

// Do writes the archives and then the document, and returns the document and its path.
func (p Pack) Do() (Document, string, error) {
	manifest, err := catalog.ReadSmall(p.Manifest, MaxArchiveBytes)
	if errors.Is(err, fs.ErrNotExist) {
		return Document{}, "", fmt.Errorf("%w: a plugin writes it itself: PLUGIN describe > manifest.json", err)
	}
	if err != nil {
		return Document{}, "", err
	}
	m, err := catalog.ParseManifest(manifest)
	if err != nil {
		return Document{}, "", fmt.Errorf("%s: %w", p.Manifest, err)
	}
	if len(p.Executables) == 0 {
		return Document{}, "", errors.New("no executable was named: name one for each platform, such as linux/amd64=PATH")
	}
	extra, err := p.extra(m.Executable)
	if err != nil {
		return Document{}, "", err
	}
	if err := os.MkdirAll(p.Folder, 0o755); err != nil { //nolint:gosec // it is going to be published
		return Document{}, "", err
	}
	d := Document{Format: DocumentVersion, Name: m.Name, Version: m.Version, Published: p.Published.UTC().
		Truncate(time.Second), Manifest: sha256.Sum256(manifest), Platforms: map[string]Platform{}}
	for _, platform := range slices.Sorted(maps.Keys(p.Executables)) {
		if !IsPlatform(platform) {
			return Document{}, "", fmt.Errorf("platform %q: want GOOS/GOARCH, such as linux/amd64", platform)
		}
		program, err := catalog.ReadSmall(p.Executables[platform], MaxArchiveBytes)
		if err != nil {
			return Document{}, "", fmt.Errorf("%s: %w", platform, err)
		}
		if err := CheckProgram(program[:min(len(program), ProgramBytes)], platform); err != nil {
			return Document{}, "", fmt.Errorf("%s: %w", p.Executables[platform], err)
		}
		system, _, _ := strings.Cut(platform, "/")
		inside := catalog.ExecutableName(system, m.Executable)
		files := slices.Concat([]packed{{manifestName, manifest, false}, {inside, program, true}}, extra)
		name := fmt.Sprintf("%s_%s_%s", m.Name, m.Version, strings.Replace(platform, "/", "_", 1))
		archive, suffix, err := pack(platform, files)
		if err != nil {
			return Document{}, "", fmt.Errorf("%s: %w", platform, err)
		}
		if err := publish(filepath.Join(p.Folder, name+suffix), archive); err != nil {
			return Document{}, "", err
		}
		d.Platforms[platform] = Platform{Archive: name + suffix, Digest: sha256.Sum256(archive),
			Size: int64(len(archive)), Binary: sha256.Sum256(program)}
	}
	data, err := d.Encode()
	if err != nil {
		return Document{}, "", err
	}
	path := filepath.Join(p.Folder, d.FileName())
	return d, path, publish(path, data)
}

func (p Pack) extra(executable string) ([]packed, error) {
	var files []packed
	taken := map[string]bool{manifestName: true, strings.ToLower(executable): true,
		strings.ToLower(executable) + ".exe": true}
	for _, path := range slices.Sorted(slices.Values(p.Extra)) {
		name := filepath.Base(path)
		if taken[strings.ToLower(name)] || !IsFileName(name) {
			return nil, fmt.Errorf("%s: its name is taken in the archive, or has other characters than letters, digits and "+
				"._+-: rename it", path)
		}
		taken[strings.ToLower(name)] = true
		data, err := catalog.ReadSmall(path, MaxArchiveBytes)
		if err != nil {
			return nil, err
		}
		files = append(files, packed{name, data, false})
	}
	return files, nil
}

// pack writes a zip archive for Windows, which opens it without another program, and a tar.gz for all others, which
// keeps the executable's mode.
func pack(platform string, files []packed) (archive []byte, suffix string, err error) {
	var out bytes.Buffer
	if strings.HasPrefix(platform, "windows/") {
		err = packZip(&out, files)
		return out.Bytes(), ".zip", err
	}
	err = packTar(&out, files)
	return out.Bytes(), ".tar.gz", err
}

func packTar(out io.Writer, files []packed) error {
	compressed, err := gzip.NewWriterLevel(out, gzip.BestCompression)
	if err != nil {
		return err
	}
	archive := tar.NewWriter(compressed)
	for _, f := range files {
		header := &tar.Header{Typeflag: tar.TypeReg, Name: f.name, Size: int64(len(f.data)), Mode: int64(f.mode()),
			ModTime: archiveTime, Format: tar.FormatUSTAR}
		if err := archive.WriteHeader(header); err != nil {
			return err
		}
		if _, err := archive.Write(f.data); err != nil {
			return err
		}
	}
	return errors.Join(archive.Close(), compressed.Close())
}

func packZip(out io.Writer, files []packed) error {
	archive := zip.NewWriter(out)
	archive.RegisterCompressor(zip.Deflate, func(w io.Writer) (io.WriteCloser, error) {
		return flate.NewWriter(w, flate.BestCompression)
	})
	for _, f := range files {
		header := &zip.FileHeader{Name: f.name, Method: zip.Deflate, Modified: archiveTime}
		header.SetMode(f.mode())
		w, err := archive.CreateHeader(header)
		if err != nil {
			return err
		}
		if _, err := w.Write(f.data); err != nil {
			return err
		}
	}
	return archive.Close()
}

func (f packed) mode() os.FileMode {
	if f.executable {
		return 0o755
	}
	return 0o644
}

// publish writes a file that others may read.
func publish(path string, data []byte) error {
	return atomicfile.Replace(path, data, func(f *os.File) error { return f.Chmod(0o644) })
}
