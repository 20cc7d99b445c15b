package supervisor

import (
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/exec"
	"sync"
	"time"

	"golang.org/x/sys/unix"
)

// programs are the executables in use, each as one sealed copy in memory: what was
// hashed is what is executed, whatever becomes of the file meanwhile. Processes of one
// program share the pages of the copy, which is freed with the last of them.
type programs struct {
	log   *slog.Logger
	marks *marks // of those that were checked

	mu     sync.Mutex
	copies map[[32]byte]*sealedCopy
	// unsealed is set once copies in memory turn out not to be executable here.
	unsealed bool
	// letGo gives back the copies that are kept for a launch that is expected.
	letGo  []func()
	closed bool
}

// sealedCopy is one program in memory.
type sealedCopy struct {
	made chan struct{} // closed when file or err is set
	file *os.File
	err  error
	// uses are launches and processes, guarded by programs.mu.
	uses int
}

func newPrograms(log *slog.Logger) *programs {
	return &programs{log: log, marks: newMarks(), copies: map[[32]byte]*sealedCopy{}}
}

// sealingError says why programs cannot be executed from sealed memory here.
type sealingError struct{ err error }

func (e *sealingError) Error() string { return e.err.Error() }
func (e *sealingError) Unwrap() error { return e.err }

// noSealing tells what the system does not allow from what it has run out of: the
// latter fails one launch, and is no reason to do with less.
func noSealing(err error) error {
	for _, exhausted := range []error{unix.EMFILE, unix.ENFILE, unix.ENOMEM, unix.ENOSPC} {
		if errors.Is(err, exhausted) {
			return err
		}
	}
	return &sealingError{err}
}

// expectedFor is how long the copy of a program is kept for a launch that is expected, and maxExpected how large the
// program may be: the copy takes as much memory.
const (
	expectedFor = time.Minute
	maxExpected = 32 << 20
)

// expect makes the executable of a plugin ready that may be launched soon. What keeps it from that will be the launch's
// error.
func (p *programs) expect(spec Spec) {
	if spec.Dev || spec.Reattach != "" {
		return
	}
	if info, err := os.Stat(spec.Path); err != nil || info.Size() > maxExpected {
		return
	}
	prog, err := p.openSealed(spec)
	if err != nil {
		p.log.Debug("a program could not be made ready", "plugin", spec.Name, "error", err)
		return
	}
	letGo := sync.OnceFunc(prog.release)
	p.mu.Lock()
	closed := p.closed
	p.letGo = append(p.letGo, letGo)
	p.mu.Unlock()
	if closed {
		letGo()
		return
	}
	time.AfterFunc(expectedFor, letGo)
}

// close gives back what no process uses.
func (p *programs) close() {
	p.mu.Lock()
	p.closed = true
	expected := p.letGo
	p.mu.Unlock()
	for _, letGo := range expected {
		letGo()
	}
}

// open makes the executable of a plugin ready. Where sealed memory cannot be executed,
// and for plugins under development, it is the file itself.
func (p *programs) open(spec Spec) (*program, error) {
	p.mu.Lock()
	unsealed := p.unsealed
	p.mu.Unlock()
	if spec.Dev || unsealed {
		return openUnsealed(spec)
	}
	prog, err := p.openSealed(spec)
	var sealing *sealingError
	if errors.As(err, &sealing) {
		p.cannotExecute(sealing.err)
		return openUnsealed(spec)
	}
	return prog, err
}

func (p *programs) openSealed(spec Spec) (*program, error) {
	p.mu.Lock()
	c, there := p.copies[spec.Digest]
	if !there {
		c = &sealedCopy{made: make(chan struct{})}
		p.copies[spec.Digest] = c
	}
	c.uses++
	p.mu.Unlock()
	if there {
		<-c.made
	} else {
		c.file, c.err = p.seal(spec)
		close(c.made)
	}
	if c.err != nil {
		p.release(spec.Digest, c)
		return nil, c.err
	}
	return &program{file: c.file, sealed: true, release: func() { p.release(spec.Digest, c) }}, nil
}

func (p *programs) release(digest [32]byte, c *sealedCopy) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if c.err != nil && p.copies[digest] == c {
		delete(p.copies, digest) // the next launch tries again
	}
	if c.uses--; c.uses > 0 {
		return
	}
	if p.copies[digest] == c {
		delete(p.copies, digest)
	}
	if c.file != nil {
		_ = c.file.Close() // frees the memory
	}
}

// cannotExecute remembers that sealed memory cannot be executed here, and logs why.
func (p *programs) cannotExecute(why error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.unsealed {
		p.unsealed = true
		p.log.Warn("plugins are executed from their files: memory that is sealed against changes cannot be executed here",
			"reason", why, "hint", "see vm.memfd_noexec, seccomp filters and security modules")
	}
}

// seal copies an executable into memory that cannot be changed any more, checks that
// copy, and returns it opened for reading.
func (p *programs) seal(spec Spec) (*os.File, error) {
	source, err := openProgram(spec)
	if err != nil {
		return nil, err
	}
	defer source.Close()
	// The copy would get around the file's mode and a mount with noexec.
	if err := mayExecute(source); err != nil {
		return nil, &os.PathError{Op: "execute", Path: spec.Path, Err: err}
	}
	// Named by the digest: several plugins can be one program.
	memory, err := newMemory(fmt.Sprintf("auth0-mcp-plugin-%x", spec.Digest[:4]))
	if err != nil {
		return nil, noSealing(err)
	}
	defer memory.Close()
	if err := copyProgram(memory, source); err != nil {
		return nil, fmt.Errorf("copying %s into memory: %w", spec.Path, err)
	}
	const seals = unix.F_SEAL_WRITE | unix.F_SEAL_GROW | unix.F_SEAL_SHRINK | unix.F_SEAL_SEAL
	if _, err := unix.FcntlInt(memory.Fd(), unix.F_ADD_SEALS, seals); err != nil {
		return nil, noSealing(os.NewSyscallError("fcntl F_ADD_SEALS", err))
	}
	if err := p.checkSealed(spec, memory); err != nil {
		return nil, err
	}
	// For reading: a plugin gets it as its descriptor 3.
	file, err := os.Open(descriptorPath(memory))
	if err != nil {
		return nil, noSealing(err)
	}
	if err := mayExecute(file); err != nil {
		_ = file.Close() // only read
		return nil, noSealing(err)
	}
	return file, nil
}

// copyProgram copies what is left of source, within the kernel: io.Copy takes three times as long for a file in memory.
func copyProgram(memory, source *os.File) error {
	for left := maxProgramBytes; left > 0; {
		n, err := unix.Sendfile(int(memory.Fd()), int(source.Fd()), nil, left)
		switch {
		case errors.Is(err, unix.EINTR):
		case errors.Is(err, unix.EINVAL) || errors.Is(err, unix.ENOSYS): // not every file system can
			_, err := io.Copy(memory, io.LimitReader(source, int64(left)))
			return err
		case err != nil:
			return os.NewSyscallError("sendfile", err)
		case n == 0:
			return nil
		default:
			left -= n
		}
	}
	return nil
}

// checkSealed compares sealed memory with what was trusted, by the marks of its digest if it has any. It reads the
// memory through a small buffer: to map all of it costs more where page tables are slow, as in virtual machines.
func (p *programs) checkSealed(spec Spec, memory *os.File) error {
	content := io.NewSectionReader(memory, 0, maxProgramBytes)
	if recognized, err := p.marks.recognize(spec.Digest, content); recognized || err != nil {
		return err
	}
	return p.marks.check(spec, io.NewSectionReader(memory, 0, maxProgramBytes))
}

// newMemory is an empty file in memory that can be sealed and executed. Source:
// memfd_create(2); MFD_EXEC is refused before Linux 6.3, where it is the default.
func newMemory(name string) (*os.File, error) {
	const flags = unix.MFD_CLOEXEC | unix.MFD_ALLOW_SEALING
	fd, err := unix.MemfdCreate(name, flags|unix.MFD_EXEC)
	if errors.Is(err, unix.EINVAL) {
		fd, err = unix.MemfdCreate(name, flags)
	}
	if err != nil {
		return nil, os.NewSyscallError("memfd_create", err)
	}
	return os.NewFile(uintptr(fd), name), nil
}

// mayExecute asks the system whether this process may execute an open file, by its
// mode and by how its file system is mounted.
func mayExecute(file *os.File) error {
	return unix.Access(descriptorPath(file), unix.X_OK)
}

func descriptorPath(file *os.File) string { return fmt.Sprintf("/proc/self/fd/%d", file.Fd()) }

// executed makes cmd execute the open file. The child has it as descriptor 3, which a
// script's interpreter reads it by; the number that the file has in this process could
// be taken for another file on the way into the child.
func (p *program) executed(cmd *exec.Cmd) {
	cmd.ExtraFiles = []*os.File{p.file}
	cmd.Path = "/proc/self/fd/3"
}
