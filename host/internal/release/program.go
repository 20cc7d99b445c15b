package release

import (
	"bytes"
	"debug/elf"
	"debug/macho"
	"debug/pe"
	"encoding/binary"
	"fmt"
	"slices"
	"strings"
)

// ProgramBytes are those of the beginning of an executable that [CheckProgram] reads.
const ProgramBytes = 4096

// ProgramError means that an executable is not for a platform.
type ProgramError struct {
	Platform string
	// Format is that of the program; empty if no system knows it.
	Format string
	// Machine means that the format is right, and the processor another one.
	Machine bool
}

func (e *ProgramError) Error() string {
	switch {
	case e.Format == "":
		return fmt.Sprintf("the executable is none for %s: it is no program that this system knows", e.Platform)
	case e.Machine:
		return "the executable is for another processor than that of " + e.Platform
	}
	return fmt.Sprintf("the executable is none for %s, but a program in the format %s", e.Platform, e.Format)
}

// CheckProgram refuses an executable that begins with head and is not for a platform: starting it would fail with an
// error that says nothing. A script that names its interpreter is for every system but Windows.
func CheckProgram(head []byte, platform string) error {
	system, machine, _ := strings.Cut(platform, "/")
	found, machines := programOf(head)
	switch {
	case found == "script" && system != "windows":
		return nil
	case found != formatOf(system):
		return &ProgramError{Platform: platform, Format: found}
	case !slices.Contains(machines, machine) && slices.Contains([]string{"amd64", "arm64"}, machine):
		return &ProgramError{Platform: platform, Format: found, Machine: true}
	}
	return nil
}

func formatOf(system string) string {
	switch system {
	case "windows":
		return "PE"
	case "darwin", "ios":
		return "Mach-O"
	}
	return "ELF"
}

// programOf reads the format of a program and the processors that it is for.
func programOf(head []byte) (format string, machines []string) {
	le, be := binary.LittleEndian, binary.BigEndian
	switch {
	case bytes.HasPrefix(head, []byte("#!")):
		return "script", nil
	case bytes.HasPrefix(head, []byte(elf.ELFMAG)) && len(head) >= 20:
		return "ELF", known(map[elf.Machine]string{elf.EM_X86_64: "amd64", elf.EM_AARCH64: "arm64"},
			elf.Machine(le.Uint16(head[18:])))
	case len(head) >= 8 && le.Uint32(head) == macho.Magic64:
		return "Mach-O", known(darwin, macho.Cpu(le.Uint32(head[4:])))
	case len(head) >= 8 && be.Uint32(head) == macho.MagicFat:
		const header, each = 8, 20
		count := be.Uint32(head[4:])
		for at := header; count > 0 && at+each <= len(head); at, count = at+each, count-1 {
			machines = append(machines, known(darwin, macho.Cpu(be.Uint32(head[at:])))...)
		}
		return "Mach-O", machines
	case bytes.HasPrefix(head, []byte("MZ")) && len(head) >= 0x40:
		at := int64(le.Uint32(head[0x3c:]))
		if at+6 > int64(len(head)) || string(head[at:at+4]) != "PE\x00\x00" {
			return "", nil
		}
		return "PE", known(map[uint16]string{pe.IMAGE_FILE_MACHINE_AMD64: "amd64", pe.IMAGE_FILE_MACHINE_ARM64: "arm64"},
			le.Uint16(head[at+4:]))
	}
	return "", nil
}

var darwin = map[macho.Cpu]string{macho.CpuAmd64: "amd64", macho.CpuArm64: "arm64"}

func known[T comparable](all map[T]string, found T) []string {
	if name, ok := all[found]; ok {
		return []string{name}
	}
	return nil
}
