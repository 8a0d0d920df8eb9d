#pragma once
#include "boot/platform/clock.hpp"
#include "boot/platform/keyboard.hpp"
#include "boot/platform/volumes.hpp"

namespace platform {

/// A file to read once: in memory, or open on some medium.
class Input {
 public:
  Input() = default;
  Input(rt::Text name, rt::Span<const uint8_t> memory) : name_(name), memory_(memory) {}
  explicit Input(File&& file) : file_(static_cast<File&&>(file)) {}
  /// Takes over `stream`, which close() ends.
  explicit Input(Readable* stream) : stream_(stream) {}
  Input(Input&& other) { *this = static_cast<Input&&>(other); }
  Input& operator=(Input&& other);
  ~Input() { close(); }

  rt::Text name() const { return in_memory() ? name_ : readable().name(); }
  bool in_memory() const { return !memory_.empty(); }
  uint64_t size() const { return in_memory() ? memory_.count : readable().size(); }
  /// What is not in memory.
  Readable& readable() { return stream_ ? *stream_ : static_cast<Readable&>(file_); }
  const Readable& readable() const { return const_cast<Input*>(this)->readable(); }

  /// Calls use(rt::ByteSource&), which returns an rt::Result, with the bytes from the start; once.
  /// `buffer`: what a file is read through.
  template <class Use>
  auto read(rt::Span<uint8_t> buffer, Use use) -> decltype(use(*static_cast<rt::ByteSource*>(nullptr))) {
    if (in_memory()) {
      rt::MemorySource source(name_, memory_);
      return use(source);
    }
    FileSource source(readable(), buffer);
    return use(source);
  }
  void close();

 private:
  File file_;
  Readable* stream_ = nullptr;
  rt::Text name_;
  rt::Span<const uint8_t> memory_;
};

/// What opening may need beside a name: it can take long, and be stopped.
struct Patience {
  const Clock& clock;
  Keyboard& keyboard;
};

struct Medium;

/// Where a file was found, and others that belong to it are looked for.
struct Place {
  const Medium* medium = nullptr;  // null: not known yet
  Device device = nullptr;
};

/// Where bytes come from: a row of the table media().
struct Medium {
  /// May a file of this name be on it?
  bool (*has)(rt::Text name);
  /// Opens it, in place.device if that is known; fills in place.device. Errc::not_found: there certainly is none.
  rt::Result<Input> (*open)(rt::Text name, Place& place, const Patience& patience);
  /// The folder that the program came from, as the beginning of a name, in `buffer` or not; empty where it came from
  /// another medium.
  rt::Text (*home)(rt::Span<char> buffer);
  /// Does \ stand for another folder than home()?
  bool has_root;
  /// Gives back what the medium holds beside open files.
  void (*leave)();
};

/// The media that this program can read, in the order in which they are asked. Which there are is decided by linking.
rt::Span<const Medium* const> media();

extern const Medium kVolumes;

/// Opens `name` for reading where `place` says, else on the first medium that has it; `place` says then where that was.
rt::Result<Input> open_input(const rt::Text& name, Place& place, const Patience& patience);

/// Leaves all media. No input may be open.
void leave_media();

}  // namespace platform
