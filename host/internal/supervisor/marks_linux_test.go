package supervisor

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"testing"
	"testing/iotest"
)

// TestMarks: a program is recognized by its marks to the byte, and only one that has the trusted digest is marked.
func TestMarks(t *testing.T) {
	m := newMarks()
	if m.mac == nil {
		t.Log("this processor has no instructions for marks")
		return
	}
	program := make([]byte, 2*markedBlock+100)
	for i := range program {
		program[i] = byte(i>>8 + i/markedBlock)
	}
	sp := Spec{Digest: sha256.Sum256(program)}
	recognized := func(m *marks, content []byte) bool {
		t.Helper()
		known, err := m.recognize(sp.Digest, bytes.NewReader(content))
		if err != nil {
			t.Error(err)
		}
		return known
	}
	if recognized(m, program) {
		t.Error("it was recognized before it was marked")
	}
	var digest *digestError
	if err := m.learn(sp, bytes.NewReader(program[1:])); !errors.As(err, &digest) {
		t.Errorf("another program was marked: %v", err)
	}
	if recognized(m, program[1:]) {
		t.Error("a program without the trusted digest was recognized")
	}
	if err := m.learn(sp, bytes.NewReader(program)); err != nil {
		t.Fatal(err)
	}
	if !recognized(m, program) {
		t.Error("it was not recognized")
	}
	exchanged := bytes.Join([][]byte{program[markedBlock : 2*markedBlock], program[:markedBlock],
		program[2*markedBlock:]}, nil)
	others := map[string][]byte{"nothing": nil, "shortened": program[:len(program)-1],
		"a block": program[:markedBlock], "longer": append(bytes.Clone(program), 0), "blocks exchanged": exchanged}
	for _, at := range []int{0, markedBlock - 1, markedBlock, len(program) - 1} {
		changed := bytes.Clone(program)
		changed[at] ^= 1
		others[fmt.Sprintf("changed at %d", at)] = changed
	}
	for name, content := range others {
		if recognized(m, content) {
			t.Errorf("%s: it was recognized", name)
		}
	}
	if recognized(newMarks(), program) {
		t.Error("marks of another process were believed")
	}
	broken := io.MultiReader(bytes.NewReader(program[:markedBlock]), iotest.ErrReader(os.ErrClosed))
	if known, err := m.recognize(sp.Digest, broken); known || !errors.Is(err, os.ErrClosed) {
		t.Errorf("memory that cannot be read: %v, %v", known, err)
	}
}

// TestExpectedProgram: a program that was checked ahead runs, and is refused if its file was changed afterwards.
func TestExpectedProgram(t *testing.T) {
	trusted := []byte("#!/bin/sh\nexit 9\n")
	path := filepath.Join(t.TempDir(), "plugin")
	sp := spec(t, "ok")
	sp.Path, sp.Digest = path, sha256.Sum256(trusted)
	programs := newPrograms(slog.New(slog.DiscardHandler))
	if err := os.WriteFile(path, trusted, 0o700); err != nil {
		t.Fatal(err)
	}
	programs.expect(sp)
	marked, err := programs.marks.recognize(sp.Digest, bytes.NewReader(trusted))
	if err != nil || marked != (programs.marks.mac != nil) {
		t.Errorf("marked: %v, %v", marked, err)
	}
	program, err := programs.open(sp)
	if err != nil {
		t.Fatal(err)
	}
	program.release()
	if err := overwrite(path, []byte("#!/bin/sh\nexit 8\n")); err != nil {
		t.Fatal(err)
	}
	var digest *digestError
	if _, err := programs.open(sp); !errors.As(err, &digest) {
		t.Errorf("a changed program: %v", err)
	}
}
