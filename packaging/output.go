package main

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"io"
	"os"
	"path"
	"path/filepath"
	"time"
)

// output is the folder that files are written to.
type output struct {
	folder string
	// sums are the SHA-256 digests of the files, in hexadecimal, by their name.
	sums map[string]string
}

func digest(data []byte) string {
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:])
}

func (o *output) add(name string, data []byte) error {
	o.sums[name] = digest(data)
	return os.WriteFile(filepath.Join(o.folder, name), data, 0o644) //nolint:gosec // a release is public
}

func (o *output) addJSON(name string, value any) error {
	data, err := encodeJSON(value)
	if err != nil {
		return err
	}
	return o.add(name, data)
}

func encodeJSON(value any) ([]byte, error) {
	var text bytes.Buffer
	encoder := json.NewEncoder(&text)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	err := encoder.Encode(value)
	return text.Bytes(), err
}

// tarGzip packs files below a folder, which may be empty. All belong to root.
func tarGzip(below string, files []file, at time.Time) ([]byte, error) {
	var packed bytes.Buffer
	compressed := gzip.NewWriter(&packed)
	archive := tar.NewWriter(compressed)
	for _, f := range files {
		header := &tar.Header{
			Typeflag: tar.TypeReg, Name: path.Join(below, f.path), Mode: int64(f.mode.Perm()), Size: int64(len(f.data)),
			ModTime: at, Uname: "root", Gname: "root", Format: tar.FormatUSTAR,
		}
		if err := archive.WriteHeader(header); err != nil {
			return nil, err
		}
		if _, err := archive.Write(f.data); err != nil {
			return nil, err
		}
	}
	if err := archive.Close(); err != nil {
		return nil, err
	}
	err := compressed.Close()
	return packed.Bytes(), err
}

// zipped is tarGzip for zip files, which keep the modes too.
func zipped(below string, files []file, at time.Time) ([]byte, error) {
	var packed bytes.Buffer
	archive := zip.NewWriter(&packed)
	for _, f := range files {
		header := &zip.FileHeader{Name: path.Join(below, f.path), Method: zip.Deflate, Modified: at}
		header.SetMode(f.mode.Perm())
		w, err := archive.CreateHeader(header)
		if err != nil {
			return nil, err
		}
		if _, err := io.Copy(w, bytes.NewReader(f.data)); err != nil {
			return nil, err
		}
	}
	err := archive.Close()
	return packed.Bytes(), err
}
