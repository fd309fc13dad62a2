package sandbox

import (
	"debug/elf"
	"path/filepath"
)

// systemFiles are what a program may need of the system and that tells nothing
// about it: certificates of authorities, time zones and TLS settings.
func systemFiles() []string {
	return []string{
		"/etc/ssl/certs", "/etc/ssl/cert.pem", "/etc/ssl/ca-bundle.pem", "/etc/ssl/openssl.cnf",
		"/etc/pki/tls/certs", "/etc/pki/tls/cert.pem", "/etc/pki/tls/cacert.pem", "/etc/pki/ca-trust/extracted",
		"/usr/share/ca-certificates", "/usr/local/share/ca-certificates",
		"/usr/share/zoneinfo", "/etc/localtime",
	}
}

// libraries are where a dynamically linked program finds its parts.
func libraries() []string {
	return []string{"/lib", "/lib64", "/usr/lib", "/usr/lib64", "/usr/local/lib", "/etc/ld.so.cache"}
}

// visible are all paths that a job's process may read.
func (j Job) visible() []string {
	return append(append(systemFiles(), j.Visible...), librariesOf(j.Executables)...)
}

// librariesOf are the libraries that executables need. A static one, as Go builds
// it without C, needs none.
func librariesOf(executables []string) []string {
	for _, path := range executables {
		file, err := elf.Open(path)
		if err != nil {
			return libraries() // what it is the kernel may know
		}
		dynamic := false
		for _, part := range file.Progs {
			dynamic = dynamic || part.Type == elf.PT_INTERP
		}
		file.Close()
		if dynamic {
			return libraries()
		}
	}
	return nil
}

// ForRuntime are the paths that an interpreter needs: itself, and what it was
// installed with, unless that is the system's.
func ForRuntime(path string) []string {
	paths := []string{path}
	real, err := filepath.EvalSymlinks(path)
	if err != nil {
		return paths
	}
	if prefix := filepath.Dir(filepath.Dir(real)); filepath.Base(filepath.Dir(real)) == "bin" && prefix != "/" && prefix != "/usr" {
		paths = append(paths, filepath.Join(prefix, "lib"))
	}
	return append(paths, real)
}
