package fetch

import (
	"archive/tar"
	"archive/zip"
	"bufio"
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/auth0-mcp/auth0-mcp/host/internal/catalog"
	"github.com/auth0-mcp/auth0-mcp/host/internal/source"
)

const (
	manifestName     = "manifest.json"
	maxManifestBytes = 1 << 20
)

// unpacked is what was in an archive.
type unpacked struct {
	name, version    string
	manifest, binary catalog.Digest
}

// entry is one file of an archive.
type entry struct {
	name string
	mode fs.FileMode
	// unix says that the archive's maker knew the mode.
	unix bool
	body io.Reader
}

// unpack checks the whole archive at path and writes manifest.json and the executable to the folder of the query. Other
// files of the archive are checked, and left out: nothing vouches for them later. The archive is removed.
func (f fetcher) unpack(name, path string) (got unpacked, err error) {
	defer func() { err = errors.Join(err, os.Remove(path)) }()
	var manifest []byte
	err = f.walk(name, path, func(e entry) error {
		if e.name != manifestName {
			return nil
		}
		var data bytes.Buffer
		if _, err := data.ReadFrom(io.LimitReader(e.body, maxManifestBytes+1)); err != nil {
			return err
		}
		manifest = data.Bytes()
		return nil
	})
	if err != nil {
		return got, err
	}
	if manifest == nil {
		return got, fault(source.Refused, "there is no manifest.json in it: make archives with `auth0-mcp plugin pack`")
	}
	m, err := catalog.ParseManifest(manifest)
	if err != nil {
		return got, err
	}
	got = unpacked{name: m.Name, version: m.Version, manifest: sha256.Sum256(manifest)}
	system, _, _ := strings.Cut(f.query.Platform, "/")
	executable := catalog.ExecutableName(system, m.Executable)
	err = f.walk(name, path, func(e entry) error {
		if e.name != executable {
			return nil
		}
		if e.unix && system != "windows" && e.mode&0o100 == 0 {
			return fault(source.Refused, "%s may not be executed: its mode is %v. Make archives with `auth0-mcp plugin pack`",
				executable, e.mode)
		}
		got.binary, err = writeFile(f.query.Into, executable, 0o700, e.body)
		return err
	})
	if err != nil {
		return got, err
	}
	if got.binary.IsZero() {
		return got, fault(source.Refused, "there is no %s in it, which its manifest names", executable)
	}
	if err := checkProgram(filepath.Join(f.query.Into, filepath.FromSlash(executable)), f.query.Platform); err != nil {
		return got, err
	}
	_, err = writeFile(f.query.Into, manifestName, 0o600, bytes.NewReader(manifest))
	return got, err
}

// walk visits each file of an archive and checks all of it. What visit does not read is read after it.
func (f fetcher) walk(name, path string, visit func(entry) error) error {
	file, err := os.Open(path)
	if err != nil {
		return err
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		return err
	}
	w := walker{limits: f.limits, names: newNames(), size: info.Size(), visit: visit}
	if strings.HasSuffix(strings.ToLower(name), ".zip") {
		err = w.zip(file)
	} else {
		err = w.tar(file)
	}
	if known, ok := errors.AsType[*source.Error](err); ok {
		return known
	}
	if err != nil {
		return fault(source.Refused, "not a usable archive: %v. Ask its author", err)
	}
	return nil
}

// walker goes through one archive.
type walker struct {
	limits  limits
	names   names
	size    int64 // of the archive
	entries int
	total   int64 // unpacked
	visit   func(entry) error
}

func (w *walker) tar(file io.Reader) error {
	compressed := bufio.NewReader(file) // gzip reads no further than its stream from a reader of bytes
	plain, err := gzip.NewReader(compressed)
	if err != nil {
		return err
	}
	plain.Multistream(false) // a second stream would be data that other programs read
	content := &budget{from: plain, walker: w, total: new(int64)}
	archive := tar.NewReader(content)
	for {
		header, err := archive.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return err
		}
		if header.Typeflag != tar.TypeReg && header.Typeflag != tar.TypeDir {
			return fmt.Errorf("entry %q is neither a file nor a folder but of type %q: links and devices are refused",
				header.Name, header.Typeflag)
		}
		mode := header.FileInfo().Mode()
		if err := w.entry(header.Name, mode, true, archive); err != nil {
			return err
		}
	}
	if err := onlyZeros(content); err != nil {
		return err
	}
	if _, err := compressed.ReadByte(); !errors.Is(err, io.EOF) {
		return errors.New("data follow its end")
	}
	return nil
}

// onlyZeros reads the padding that ends a tar archive.
func onlyZeros(from io.Reader) error {
	block := make([]byte, 32<<10)
	for {
		n, err := from.Read(block)
		if len(bytes.Trim(block[:n], "\x00")) > 0 {
			return errors.New("data follow its end")
		}
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
	}
}

const (
	zipBegin    = "PK\x03\x04"
	zipEnd      = "PK\x05\x06"
	zipEndBytes = 22 // without a comment
)

func (w *walker) zip(file io.ReaderAt) error {
	// A zip archive is found from its end, so that anything may stand before and after it.
	begin, end := make([]byte, len(zipBegin)), make([]byte, len(zipEnd))
	if _, err := file.ReadAt(begin, 0); err != nil || string(begin) != zipBegin {
		return errors.New("it does not begin as a zip archive")
	}
	if _, err := file.ReadAt(end, w.size-zipEndBytes); err != nil || string(end) != zipEnd {
		return errors.New("it does not end as a zip archive, or has a comment")
	}
	archive, err := zip.NewReader(file, w.size)
	if err != nil {
		return err
	}
	if len(archive.File) > w.limits.entries {
		return fmt.Errorf("it has more than %d entries", w.limits.entries)
	}
	const unix = 3 // the system of the archive's maker
	for _, e := range archive.File {
		if e.Flags&0x1 != 0 {
			return fmt.Errorf("entry %q is encrypted", e.Name)
		}
		body, err := e.Open()
		if err != nil {
			return fmt.Errorf("entry %q: %w", e.Name, err)
		}
		err = w.entry(e.Name, e.Mode(), e.CreatorVersion>>8 == unix, body)
		if err = errors.Join(err, body.Close()); err != nil {
			return err
		}
	}
	return nil
}

// entry checks one entry, and reads it to its end.
func (w *walker) entry(name string, mode fs.FileMode, unix bool, body io.Reader) error {
	if w.entries++; w.entries > w.limits.entries {
		return fmt.Errorf("it has more than %d entries", w.limits.entries)
	}
	// Here too, and not only what is read of a tar archive: a sparse file there has content that it does not store.
	body = &budget{from: body, walker: w, total: &w.total}
	folder := mode.IsDir()
	if !folder && !mode.IsRegular() {
		return fmt.Errorf("entry %q is neither a file nor a folder (%v): links and devices are refused", name, mode.Type())
	}
	if mode&(fs.ModeSetuid|fs.ModeSetgid|fs.ModeSticky) != 0 {
		return fmt.Errorf("entry %q would run with the rights of another user (%v)", name, mode)
	}
	clean, err := w.names.add(name, folder)
	if err != nil {
		return err
	}
	if !folder {
		if err := w.visit(entry{clean, mode, unix, body}); err != nil {
			return err
		}
	}
	rest, err := io.Copy(io.Discard, body)
	if err == nil && folder && rest > 0 {
		return fmt.Errorf("folder %q has content", name)
	}
	if err != nil {
		return fmt.Errorf("entry %q: %w", name, err)
	}
	return nil
}

// budget bounds what an archive unpacks to.
type budget struct {
	from   io.Reader
	walker *walker
	total  *int64
}

func (b *budget) Read(p []byte) (int, error) {
	n, err := b.from.Read(p)
	w := b.walker
	*b.total += int64(n)
	switch {
	case *b.total > w.limits.unpacked:
		return n, fmt.Errorf("it unpacks to more than %d bytes", w.limits.unpacked)
	case *b.total > w.limits.freely && *b.total/w.limits.ratio > w.size:
		return n, fmt.Errorf("it unpacks to more than %d times its size", w.limits.ratio)
	}
	return n, err
}
