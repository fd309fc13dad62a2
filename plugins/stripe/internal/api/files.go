package api

import (
	"context"
	"io"
	"mime/multipart"
	"net/http"
	"net/textproto"
)

// File is a file that Stripe keeps.
// Source: https://docs.stripe.com/api/files/object.
type File struct {
	ID     string `json:"id"`
	Object string `json:"object"`
	Size   int64  `json:"size"`
	Type   string `json:"type"`
}

func (f *File) valid() bool { return f.Object == "file" && f.ID != "" }

// NewFile is a file to upload.
type NewFile struct {
	Purpose     string
	Name        string
	ContentType string
	Content     io.Reader
}

// UploadFile sends a file while it is read, and reads no more of it once it returns.
// An error of its reader ends the request.
// Source: https://docs.stripe.com/file-upload.
func (c *Client) UploadFile(ctx context.Context, f NewFile) (*File, error) {
	body, writer := io.Pipe()
	parts := multipart.NewWriter(writer)
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		writer.CloseWithError(f.write(parts))
	}()
	defer func() {
		body.Close() // ends the writing where the request ends first
		<-ended
	}()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, c.FilesURL+"/v1/files", body)
	if err != nil {
		return nil, err
	}
	req.Header.Set("Content-Type", parts.FormDataContentType())
	req.Header.Set("Idempotency-Key", c.IdempotencyKey)
	file := &File{}
	_, err = c.do(req, file)
	return file, err
}

func (f NewFile) write(parts *multipart.Writer) error {
	if err := parts.WriteField("purpose", f.Purpose); err != nil {
		return err
	}
	part, err := parts.CreatePart(textproto.MIMEHeader{
		"Content-Disposition": {multipart.FileContentDisposition("file", f.Name)},
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
