package form

import (
	"io"
	"maps"
	"mime/multipart"
	"net/textproto"
	"slices"
)

// File is a file that is sent within a form.
type File struct {
	Field       string // the form's name for it
	Name        string
	ContentType string
	Content     io.Reader
}

// Multipart writes a form with a file as multipart/form-data. The file is read while
// the body is; an error of its reader is the body's. Close the body once the request
// is over: from then on nobody reads the file.
func Multipart(fields map[string]string, file File) (body io.ReadCloser, contentType string) {
	reader, writer := io.Pipe()
	parts := multipart.NewWriter(writer)
	written := make(chan struct{})
	go func() {
		defer close(written)
		writer.CloseWithError(file.write(parts, fields))
	}()
	return &multipartBody{reader, written}, parts.FormDataContentType()
}

func (f File) write(parts *multipart.Writer, fields map[string]string) error {
	for _, name := range slices.Sorted(maps.Keys(fields)) {
		if err := parts.WriteField(name, fields[name]); err != nil {
			return err
		}
	}
	part, err := parts.CreatePart(textproto.MIMEHeader{
		"Content-Disposition": {multipart.FileContentDisposition(f.Field, f.Name)},
		"Content-Type":        {f.ContentType},
	})
	if err != nil {
		return err
	}
	if _, err := io.Copy(part, f.Content); err != nil {
		return err
	}
	return parts.Close()
}

type multipartBody struct {
	*io.PipeReader
	written chan struct{}
}

// Close implements io.Closer. It waits until the file is let go of.
func (b *multipartBody) Close() error {
	err := b.PipeReader.Close()
	<-b.written
	return err
}
