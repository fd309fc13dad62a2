package connectortest

import (
	"context"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// AnswerWithin calls a connector whose PSP does not answer. A call that the connector
// has not answered within its deadline is made once more with four times as much. A
// busy machine may miss the first deadline; a connector that does not keep deadlines
// misses both.
func AnswerWithin(ctx context.Context, deadline time.Duration, call func(context.Context) error) (err error) {
	for _, limit := range []time.Duration{deadline, patience * deadline} {
		limited, cancel := context.WithTimeout(ctx, limit)
		err = call(limited)
		cancel()
		if status.Code(err) != codes.DeadlineExceeded {
			break
		}
	}
	return err
}
