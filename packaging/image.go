package main

import (
	"archive/tar"
	"bytes"
	"encoding/pem"
	"io"
	"io/fs"
	"os"
	"slices"
	"strings"

	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/layout"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/tarball"
	"github.com/google/go-containerregistry/pkg/v1/types"
	"golang.org/x/crypto/x509roots/fallback/bundle"
)

// nonroot is the user of the image, as in distroless images.
const nonroot = 65532

// writeImage makes an image for Linux on both architectures, as an archive of an OCI layout. It holds the program,
// certificate authorities and a home folder, and nothing else.
// https://github.com/opencontainers/image-spec/blob/v1.1.1/image-layout.md
func (r *Release) writeImage(out *output) error {
	onLinux := slices.ContainsFunc(r.platforms, func(p platform) bool { return p.os == "linux" })
	if r.Image == "" || !onLinux {
		return nil
	}
	reference, err := name.NewTag(r.Image+":"+strings.ReplaceAll(r.version, "+", "-"), name.StrictValidation)
	if err != nil {
		return err
	}
	index := mutate.IndexMediaType(empty.Index, types.OCIImageIndex)
	for _, p := range r.platforms {
		if p.os != "linux" {
			continue
		}
		image, err := r.image(p)
		if err != nil {
			return err
		}
		index = mutate.AppendManifests(index, mutate.IndexAddendum{
			Add: image, Descriptor: v1.Descriptor{Platform: &v1.Platform{OS: p.os, Architecture: p.arch}},
		})
	}
	work, err := os.MkdirTemp("", "packaging-*")
	if err != nil {
		return err
	}
	defer os.RemoveAll(work)
	folder, err := layout.Write(work, empty.Index)
	if err != nil {
		return err
	}
	if err := folder.AppendIndex(index, layout.WithAnnotations(map[string]string{
		"org.opencontainers.image.ref.name": reference.TagStr(),
		"io.containerd.image.name":          reference.Name(),
	})); err != nil {
		return err
	}
	packed, err := r.tarFolder(work)
	if err != nil {
		return err
	}
	return out.add(r.fileName("oci.tar"), packed)
}

func (r *Release) image(p platform) (v1.Image, error) {
	program, err := r.program(p)
	if err != nil {
		return nil, err
	}
	data, err := r.rootFilesystem(program)
	if err != nil {
		return nil, err
	}
	open := func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(data)), nil }
	layer, err := tarball.LayerFromOpener(open, tarball.WithMediaType(types.OCILayer))
	if err != nil {
		return nil, err
	}
	image := mutate.ConfigMediaType(mutate.MediaType(empty.Image, types.OCIManifestSchema1), types.OCIConfigJSON)
	if image, err = mutate.ConfigFile(image, &v1.ConfigFile{
		OS: p.os, Architecture: p.arch, Created: v1.Time{Time: r.time}, RootFS: v1.RootFS{Type: "layers"},
		Config: v1.Config{
			Entrypoint: []string{"/usr/lib/" + r.Name + "/auth0-mcp"},
			Cmd:        []string{"run"},
			User:       "65532:65532",
			WorkingDir: "/home/nonroot",
			Env:        []string{"PATH=/usr/lib/" + r.Name, "HOME=/home/nonroot"},
			Labels:     r.labels(),
		},
	}); err != nil {
		return nil, err
	}
	image, err = mutate.Append(image, mutate.Addendum{
		Layer: layer, History: v1.History{Created: v1.Time{Time: r.time}, CreatedBy: "packaging release"},
	})
	if err != nil {
		return nil, err
	}
	annotated, _ := mutate.Annotations(image, r.labels()).(v1.Image)
	return annotated, nil
}

func (r *Release) labels() map[string]string {
	labels := map[string]string{
		"org.opencontainers.image.title":       r.Name,
		"org.opencontainers.image.description": r.Description,
		"org.opencontainers.image.url":         r.Homepage,
		"org.opencontainers.image.source":      r.Homepage,
		"org.opencontainers.image.version":     r.version,
		"org.opencontainers.image.licenses":    r.License,
	}
	if r.Registry != "" { // the MCP registry looks for it
		labels["io.modelcontextprotocol.server.name"] = r.Registry
	}
	return labels
}

// rootFilesystem is the one layer of the image.
func (r *Release) rootFilesystem(program []file) ([]byte, error) {
	var packed bytes.Buffer
	archive := tar.NewWriter(&packed)
	add := func(name string, mode int64, owner int, data []byte) error {
		header := &tar.Header{Typeflag: tar.TypeReg, Name: name, Mode: mode, Uid: owner, Gid: owner, Size: int64(len(data)),
			ModTime: r.time, Format: tar.FormatUSTAR}
		if data == nil {
			header.Typeflag = tar.TypeDir
		}
		if err := archive.WriteHeader(header); err != nil {
			return err
		}
		_, err := archive.Write(data)
		return err
	}
	below := "usr/lib/" + r.Name + "/"
	folders := []string{"etc/", "etc/ssl/", "etc/ssl/certs/", "home/", "usr/", "usr/lib/", below, below + "plugins/"}
	for _, folder := range folders {
		if err := add(folder, 0o755, 0, nil); err != nil {
			return nil, err
		}
	}
	for _, err := range []error{
		add("tmp/", 0o1777, 0, nil), // plugins' sockets
		add("home/nonroot/", 0o700, nonroot, nil),
		add("etc/passwd", 0o644, 0, []byte("root:x:0:0:root:/root:/sbin/nologin\n"+
			"nonroot:x:65532:65532:nonroot:/home/nonroot:/sbin/nologin\n")),
		add("etc/group", 0o644, 0, []byte("root:x:0:\nnonroot:x:65532:\n")),
		add("etc/ssl/certs/ca-certificates.crt", 0o644, 0, authorities()),
	} {
		if err != nil {
			return nil, err
		}
	}
	for _, f := range program {
		if err := add(below+f.path, int64(f.mode.Perm()), 0, f.data); err != nil {
			return nil, err
		}
	}
	err := archive.Close()
	return packed.Bytes(), err
}

// authorities are Mozilla's certificate authorities, without those that it trusts only within limits: a file of
// certificates cannot express these.
func authorities() []byte {
	var all bytes.Buffer
	for root := range bundle.Roots() {
		if root.Constraint == nil {
			all.Write(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: root.Certificate}))
		}
	}
	return all.Bytes()
}

// tarFolder packs a folder, sorted by name.
func (r *Release) tarFolder(folder string) ([]byte, error) {
	var packed bytes.Buffer
	archive := tar.NewWriter(&packed)
	source := os.DirFS(folder)
	err := fs.WalkDir(source, ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || name == "." {
			return err
		}
		header := &tar.Header{Typeflag: tar.TypeDir, Name: name + "/", Mode: 0o755, ModTime: r.time,
			Format: tar.FormatUSTAR}
		var data []byte
		if !entry.IsDir() {
			if data, err = fs.ReadFile(source, name); err != nil {
				return err
			}
			header.Typeflag, header.Name, header.Mode, header.Size = tar.TypeReg, name, 0o644, int64(len(data))
		}
		if err := archive.WriteHeader(header); err != nil {
			return err
		}
		_, err = archive.Write(data)
		return err
	})
	if err != nil {
		return nil, err
	}
	err = archive.Close()
	return packed.Bytes(), err
}
