#pragma once
#include "boot/platform/volumes.hpp"

namespace platform {

/// May a file be put in place of one that is there?
enum class Replace : bool { no, yes };

/// Whether something may be saved under `path` at all: not below \EFI, and not as what a machine starts or the program
/// reads (programs, scripts, models, tokenizers, sums, llama.cfg). An error says why not.
rt::Result<void> check_save_path(const rt::Text& path);

/// Writes `text` to the file `path` of the volume that the program was started from, whole or not at all: to a
/// temporary file in the same folder, which is given the name when everything is on the medium. On failure, what was
/// there is there as it was, and nothing new. With Replace::no a file that is there is an error of Errc::usage. The
/// only code that writes to a disk. UEFI 2.10 §13.5 EFI_FILE_PROTOCOL.SetInfo().
rt::Result<void> save_file(const rt::Text& path, rt::Text text, Replace replace);

}  // namespace platform
