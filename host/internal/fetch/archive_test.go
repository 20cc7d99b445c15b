package fetch

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/auth0-mcp/auth0-mcp/host/internal/source"
)

// archived is a fetcher for one archive without a release document.
func archived(t *testing.T, name string, data []byte) fetcher {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
	f := fetching(t, path)
	f.query.Trust.AllowUnsigned = true
	return f
}

func TestArchives(t *testing.T) {
	extra := append(sound(t), item{name: "docs/", mode: 0o755, kind: tar.TypeDir}, item{name: "docs/README.md", data: "x"})
	for name, data := range map[string][]byte{"x.tar.gz": tarball(t, extra...), "x.tgz": tarball(t, sound(t)...),
		"x.ZIP": zipped(t, sound(t)...)} {
		r := fetched(t, archived(t, name, data))
		if r.Version != "1.2.0" || !r.Digest.IsZero() || r.Platforms[platform].Size != int64(len(data)) {
			t.Errorf("%s: %+v", name, r)
		}
	}
	f := archived(t, "x.tar.gz", tarball(t, sound(t)...))
	f.query.Trust.AllowUnsigned = false
	refused(t, f, source.Unsigned, "the archive is not signed")
}

// Every attack is tried as tar.gz, and as zip where that can express it.
func TestArchiveAttacks(t *testing.T) {
	with := func(more ...item) []item { return slices.Concat(sound(t), more) }
	for name, tt := range map[string]struct {
		items []item
		text  string
	}{
		"parent":               {with(item{name: "../evil", data: "x"}), "it leads by .. out of the folder"},
		"parent inside":        {with(item{name: "a/../../evil", data: "x"}), "it leads by .. out of the folder"},
		"absolute":             {with(item{name: "/etc/evil", data: "x"}), "absolute path"},
		"drive":                {with(item{name: "C:evil", data: "x"}), "treats one of its characters specially"},
		"backslash":            {with(item{name: `..\evil`, data: "x"}), "treats one of its characters specially"},
		"stream":               {with(item{name: "a:b", data: "x"}), "treats one of its characters specially"},
		"device name":          {with(item{name: "docs/nul.txt", data: "x"}), "is a device on Windows"},
		"device name, console": {with(item{name: "COM¹", data: "x"}), "is a device on Windows"},
		"symbolic link": {with(item{name: "l", data: "/etc/passwd", kind: tar.TypeSymlink}),
			"links and devices are refused"},
		"bidi":             {with(item{name: "a\u202egpj.exe", data: "x"}), "invisible or control character U+202E"},
		"control":          {with(item{name: "a\x1b[2J", data: "x"}), "invisible or control character U+001B"},
		"not UTF-8":        {with(item{name: "a\xff", data: "x"}), "not UTF-8"},
		"twice":            {with(item{name: "manifest.json", data: "{}"}), "the name is given twice"},
		"case":             {with(item{name: "Manifest.JSON", data: "{}"}), "for the same file as"},
		"case of a folder": {with(item{name: "a/x", data: ""}, item{name: "A/y", data: ""}), "for the same file as"},
		"normalization": {with(item{name: "é", data: "x"}, item{name: "e\u0301", data: "x"}),
			"normalization form NFC"},
		"compatibility":    {with(item{name: "ﬁle", data: "x"}, item{name: "file", data: "y"}), "for the same file as"},
		"file as a folder": {with(item{name: executable + "/x", data: "x"}), "is a file"},
		"trailing dot":     {with(item{name: "manifest.json.", data: "{}"}), "ends with a space or a dot"},
		"too deep":         {with(item{name: strings.Repeat("a/", 20) + "b", data: "x"}), "folders deep"},
		"setuid":           {with(item{name: "su", data: "x", mode: 0o4755}), ""},
		"not executable":   {[]item{sound(t)[0], {name: executable, data: program, mode: 0o644}}, "may not be executed"},
		"no manifest":      {sound(t)[1:], "no manifest.json"},
		"no executable":    {sound(t)[:1], "which its manifest names"},
		"no program": {[]item{sound(t)[0], {name: executable, data: "text", mode: 0o755}},
			"is none for linux/amd64"},
		"bad manifest": {[]item{{name: "manifest.json", data: `{"name":"a","name":"b"}`}, sound(t)[1]}, "manifest"},
		"large manifest": {[]item{{name: "manifest.json", data: strings.Repeat(" ", maxManifestBytes+1)}, sound(t)[1]},
			"manifest"},
	} {
		t.Run(name, func(t *testing.T) {
			f := archived(t, "x.tar.gz", tarball(t, tt.items...))
			if name == "setuid" {
				tt.text = "with the rights of another user"
				refused(t, f, source.Refused, tt.text)
				return // os.FileMode has other bits
			}
			refused(t, f, source.Refused, tt.text)
			refused(t, archived(t, "x.zip", zipped(t, tt.items...)), source.Refused, tt.text)
		})
	}
}

func TestArchiveForms(t *testing.T) {
	good, goodZip := tarball(t, sound(t)...), zipped(t, sound(t)...)
	var padded bytes.Buffer
	w := gzip.NewWriter(&padded)
	plain, err := gzip.NewReader(bytes.NewReader(good))
	if err != nil {
		t.Fatal(err)
	}
	var content bytes.Buffer
	if _, err := content.ReadFrom(plain); err != nil {
		t.Fatal(err)
	}
	_, _ = w.Write(append(content.Bytes(), "hidden"...))
	_ = w.Close()
	bomb := append(sound(t), item{name: "zeros", data: strings.Repeat("\x00", 1<<20)})
	many := sound(t)
	for i := range 20 {
		many = append(many, item{name: "f" + strings.Repeat("x", i), data: ""})
	}
	for name, tt := range map[string]struct {
		file string
		data []byte
		text string
	}{
		"hard link": {"x.tgz", tarball(t, item{name: "l", data: "manifest.json", kind: tar.TypeLink}),
			"links and devices"},
		"device":            {"x.tgz", tarball(t, item{name: "d", kind: tar.TypeChar}), "links and devices"},
		"pipe":              {"x.tgz", tarball(t, item{name: "p", kind: tar.TypeFifo}), "links and devices"},
		"second stream":     {"x.tgz", slices.Concat(good, good), "data follow its end"},
		"data after gzip":   {"x.tgz", append(slices.Clone(good), "hidden"...), "data follow its end"},
		"data after tar":    {"x.tgz", padded.Bytes(), "data follow its end"},
		"data after zip":    {"x.zip", append(slices.Clone(goodZip), "hidden"...), "does not end as a zip"},
		"data before zip":   {"x.zip", append([]byte("hidden"), goodZip...), "does not begin as a zip"},
		"cut off":           {"x.tgz", good[:len(good)/2], "unexpected EOF"},
		"zip cut off":       {"x.zip", goodZip[:len(goodZip)/2], "does not end as a zip"},
		"empty":             {"x.tgz", nil, "not a usable archive"},
		"zip as tar":        {"x.tgz", goodZip, "not a usable archive"},
		"bomb":              {"x.tgz", tarball(t, bomb...), "times its size"},
		"zip bomb":          {"x.zip", zipped(t, bomb...), "times its size"},
		"too many entries":  {"x.tgz", tarball(t, many...), "more than 10 entries"},
		"too many in a zip": {"x.zip", zipped(t, many...), "more than 10 entries"},
		"unpacks to too much": {"x.tgz", tarball(t, append(sound(t), item{name: "z", data: random(128 << 10)})...),
			"more than 65536 bytes"},
	} {
		t.Run(name, func(t *testing.T) {
			f := archived(t, tt.file, tt.data)
			f.limits.freely = 64 << 10
			if strings.Contains(name, "too") {
				f.limits.entries, f.limits.unpacked = 10, 64<<10
			}
			refused(t, f, source.Refused, tt.text)
		})
	}
}

// random are bytes that do not shrink.
func random(n int) string {
	data := make([]byte, n)
	state := uint64(1)
	for i := 0; i+8 <= n; i += 8 {
		state = state*6364136223846793005 + 1442695040888963407
		binary.LittleEndian.PutUint64(data[i:], state)
	}
	return string(data)
}

// A sparse file of a tar archive has content that is not stored, and so escapes the count of what is read.
func TestSparseFile(t *testing.T) {
	block := func(name string, kind byte, data string) []byte {
		header := make([]byte, 512)
		copy(header, name)
		copy(header[100:], "0000644\x000000000\x000000000\x00")
		copy(header[124:], fmt.Sprintf("%011o\x0000000000000\x00        %c", len(data), kind))
		copy(header[257:], "ustar\x0000")
		sum := 0
		for _, b := range header {
			sum += int(b)
		}
		copy(header[148:], fmt.Sprintf("%06o\x00 ", sum))
		return append(append(header, data...), make([]byte, (512-len(data)%512)%512)...)
	}
	var records string
	for _, r := range []string{"GNU.sparse.major=1", "GNU.sparse.minor=0", "GNU.sparse.name=big",
		"GNU.sparse.realsize=1099511627776"} {
		records += fmt.Sprintf("%d %s\n", len(r)+4, r)
	}
	holes := "1\n1099511627775\n1\n"
	content := holes + strings.Repeat("\x00", 512-len(holes)) + "x"
	var out bytes.Buffer
	compressed := gzip.NewWriter(&out)
	_, err := compressed.Write(slices.Concat(block("pax", tar.TypeXHeader, records), block("big", tar.TypeReg, content),
		make([]byte, 1024)))
	if err := errors.Join(err, compressed.Close()); err != nil {
		t.Fatal(err)
	}
	refused(t, archived(t, "x.tgz", out.Bytes()), source.Refused, "times its size")
}

func TestPrograms(t *testing.T) {
	elf := func(machine byte) []byte {
		head := make([]byte, 64)
		copy(head, "\x7fELF\x02\x01\x01")
		head[18] = machine
		return head
	}
	pe := make([]byte, 0x100)
	copy(pe, "MZ")
	pe[0x3c] = 0x80
	copy(pe[0x80:], "PE\x00\x00\x64\x86")
	macho := []byte("\xcf\xfa\xed\xfe\x0c\x00\x00\x01\x00\x00\x00\x00")
	fat := []byte("\xca\xfe\xba\xbe\x00\x00\x00\x02" + "\x01\x00\x00\x07" + strings.Repeat("\x00", 16) +
		"\x01\x00\x00\x0c" +
		strings.Repeat("\x00", 16))
	for name, tt := range map[string]struct {
		head     []byte
		platform string
		kind     source.ErrorKind // empty: accepted
	}{
		"ELF":                   {elf(62), "linux/amd64", ""},
		"ELF, FreeBSD":          {elf(183), "freebsd/arm64", ""},
		"ELF, other processor":  {elf(183), "linux/amd64", source.WrongPlatform},
		"ELF, rare processor":   {elf(243), "linux/riscv64", ""},
		"ELF on macOS":          {elf(62), "darwin/amd64", source.WrongPlatform},
		"Mach-O":                {macho, "darwin/arm64", ""},
		"Mach-O, other":         {macho, "darwin/amd64", source.WrongPlatform},
		"Mach-O, universal":     {fat, "darwin/amd64", ""},
		"PE":                    {pe, "windows/amd64", ""},
		"PE on Linux":           {pe, "linux/amd64", source.WrongPlatform},
		"PE, offset beyond":     {append([]byte("MZ"), bytes.Repeat([]byte{0xff}, 0x60)...), "windows/amd64", source.Refused},
		"script":                {[]byte("#!/usr/bin/env node\n"), "darwin/arm64", ""},
		"script on Windows":     {[]byte("#!/usr/bin/env node\n"), "windows/amd64", source.WrongPlatform},
		"empty":                 {nil, "linux/amd64", source.Refused},
		"ELF, nothing but that": {[]byte("\x7fELF"), "linux/amd64", source.Refused},
	} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "program")
			if err := os.WriteFile(path, tt.head, 0o600); err != nil {
				t.Fatal(err)
			}
			err := checkProgram(path, tt.platform)
			known, _ := errors.AsType[*source.Error](err)
			if tt.kind == "" && err != nil || tt.kind != "" && (known == nil || known.Kind != tt.kind) {
				t.Errorf("got %v", err)
			}
		})
	}
}

func FuzzArchive(f *testing.F) {
	t := &testing.T{}
	f.Add(tarball(t, sound(t)...), false)
	f.Add(zipped(t, sound(t)...), true)
	f.Add(tarball(t, item{name: "../x", data: "y"}), false)
	f.Fuzz(func(t *testing.T, data []byte, zip bool) {
		name := map[bool]string{true: "x.zip", false: "x.tgz"}[zip]
		fetching := archived(t, name, data)
		outside := filepath.Dir(fetching.query.Into)
		before, _ := os.ReadDir(outside)
		if reply := fetching.answer(t.Context()); reply.Error == nil && reply.Release.Name == "" {
			t.Errorf("got %+v", reply)
		}
		after, _ := os.ReadDir(outside)
		if len(after) != len(before) {
			t.Errorf("there is something outside: %v", after)
		}
		if _, err := os.Stat(filepath.Join(fetching.query.Into, downloadName)); err == nil {
			t.Error("the archive was left behind")
		}
	})
}
