#pragma once
#include "rt/span.hpp"

namespace server {

/// A connection to a client, as the server sees it: it is looked at from time to time, and no call waits.
class Wire {
 public:
  /// Takes the bytes that are there; 0: none yet, or never again.
  virtual uint64_t read(rt::Span<uint8_t> into) = 0;
  /// Takes over bytes to be sent and returns how many.
  virtual uint64_t write(rt::Span<const uint8_t> bytes) = 0;
  /// The client has sent all that it had to say, and all of that was read.
  virtual bool ended() = 0;
  virtual bool failed() = 0;
  /// Who the client is, for people.
  virtual rt::Text peer(rt::Span<char> buffer) = 0;
  /// Sends what was taken over and says goodbye. The wire is not used any more.
  virtual void close() = 0;
  /// Ends it at once. The wire is not used any more.
  virtual void reset() = 0;

 protected:
  ~Wire() = default;
};

}  // namespace server
