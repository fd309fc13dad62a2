//go:build !linux

package main

func limitFileSize(int, uint64) (lift func() error, err error) {
	return nil, unable{"the limits of another process can be set on Linux only"}
}

func limitDescriptors(int, uint64) (lift func() error, err error) {
	return nil, unable{"the limits of another process can be set on Linux only"}
}
