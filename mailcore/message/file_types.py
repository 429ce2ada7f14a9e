"""
What the name of a file says about its content: the same on every machine.

The standard library's :mod:`mimetypes` reads ``/etc/mime.types`` or the registry of Windows and
changes with the version of Python, so a message would depend on where it was written. The types
are those of IANA (https://www.iana.org/assignments/media-types, read 2026-11-30), and where it has
none, those in common use.
"""

from __future__ import annotations

from functools import cache


__all__ = ["extension_of", "type_of_file"]

# By type, the usual extension first.
_EXTENSIONS = {
    # Text. Where a type was renamed, programs know the old name better than the new: application/
    # javascript, image/x-icon.
    "text/plain": "txt text log asc bat c conf def diff h ini ksh patch pl srt",
    "text/html": "html htm shtml",
    "text/css": "css",
    "text/csv": "csv",
    "text/tab-separated-values": "tsv",
    "text/markdown": "md markdown",
    "text/calendar": "ics ical ifb",
    "text/vcard": "vcf vcard",
    "text/vtt": "vtt",
    "text/javascript": "js mjs",
    "text/x-python": "py",
    "text/x-rst": "rst",
    "text/troff": "roff t tr man",
    "text/turtle": "ttl",
    "text/n3": "n3",
    # Documents.
    "application/pdf": "pdf",
    "application/rtf": "rtf",
    "application/json": "json map",
    "application/ld+json": "jsonld",
    "application/geo+json": "geojson",
    "application/jsonl": "jsonl ndjson",
    "application/manifest+json": "webmanifest",
    "application/yaml": "yaml yml",
    "application/toml": "toml",
    "application/sql": "sql",
    "application/xml": "xml",
    "application/xhtml+xml": "xhtml xht",
    "application/xslt+xml": "xslt xsl",
    "application/xml-dtd": "dtd",
    "application/rdf+xml": "rdf",
    "application/atom+xml": "atom",
    "application/rss+xml": "rss",
    "application/wsdl+xml": "wsdl",
    "application/gpx+xml": "gpx",
    "application/vnd.google-earth.kml+xml": "kml",
    "application/vnd.google-earth.kmz": "kmz",
    "application/epub+zip": "epub",
    "application/x-mobipocket-ebook": "mobi prc",
    "application/postscript": "ps eps ai",
    "application/x-tex": "tex",
    "application/msword": "doc dot",
    "application/vnd.ms-excel": "xls xlt xla xlb",
    "application/vnd.ms-powerpoint": "ppt pot pps ppa",
    "application/vnd.ms-project": "mpp",
    "application/vnd.ms-outlook": "msg",
    "application/vnd.ms-xpsdocument": "xps",
    "application/vnd.ms-fontobject": "eot",
    "application/vnd.visio": "vsd vst",
    "application/vnd.ms-visio.drawing.main+xml": "vsdx",
    "application/onenote": "one",
    "application/x-msaccess": "mdb",
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document": "docx",
    "application/vnd.openxmlformats-officedocument.wordprocessingml.template": "dotx",
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": "xlsx",
    "application/vnd.openxmlformats-officedocument.spreadsheetml.template": "xltx",
    "application/vnd.openxmlformats-officedocument.presentationml.presentation": "pptx",
    "application/vnd.openxmlformats-officedocument.presentationml.slideshow": "ppsx",
    "application/vnd.openxmlformats-officedocument.presentationml.template": "potx",
    "application/vnd.ms-word.document.macroenabled.12": "docm",
    "application/vnd.ms-word.template.macroenabled.12": "dotm",
    "application/vnd.ms-excel.sheet.macroenabled.12": "xlsm",
    "application/vnd.ms-excel.sheet.binary.macroenabled.12": "xlsb",
    "application/vnd.ms-excel.template.macroenabled.12": "xltm",
    "application/vnd.ms-excel.addin.macroenabled.12": "xlam",
    "application/vnd.ms-powerpoint.presentation.macroenabled.12": "pptm",
    "application/vnd.ms-powerpoint.slideshow.macroenabled.12": "ppsm",
    "application/vnd.oasis.opendocument.text": "odt",
    "application/vnd.oasis.opendocument.text-template": "ott",
    "application/vnd.oasis.opendocument.spreadsheet": "ods",
    "application/vnd.oasis.opendocument.spreadsheet-template": "ots",
    "application/vnd.oasis.opendocument.presentation": "odp",
    "application/vnd.oasis.opendocument.presentation-template": "otp",
    "application/vnd.oasis.opendocument.graphics": "odg",
    "application/vnd.oasis.opendocument.formula": "odf",
    "application/vnd.apple.pages": "pages",
    "application/vnd.apple.numbers": "numbers",
    "application/vnd.apple.keynote": "key",
    # Tickets, keys and signatures.
    "application/vnd.apple.pkpass": "pkpass",
    "application/vnd.apple.pkpasses": "pkpasses",
    "application/pkcs7-signature": "p7s",
    "application/pkcs7-mime": "p7m p7c",
    "application/pkcs10": "p10 csr",
    "application/pkcs8": "p8",
    "application/x-pkcs12": "p12 pfx",
    "application/pkix-cert": "cer",
    "application/pkix-crl": "crl",
    "application/x-x509-ca-cert": "crt der",
    "application/x-pem-file": "pem",
    "application/pgp-signature": "sig",
    "application/vnd.etsi.asic-e+zip": "asice sce",
    "application/timestamp-reply": "tsr",
    # Archives and programs.
    "application/zip": "zip",
    "application/gzip": "gz tgz",
    "application/zstd": "zst",
    "application/x-tar": "tar",
    "application/x-7z-compressed": "7z",
    "application/vnd.rar": "rar",
    "application/java-archive": "jar war ear",
    "application/vnd.android.package-archive": "apk",
    "application/vnd.debian.binary-package": "deb",
    "application/x-rpm": "rpm",
    "application/x-apple-diskimage": "dmg",
    "application/x-iso9660-image": "iso",
    "application/vnd.ms-cab-compressed": "cab",
    "application/x-sh": "sh",
    "application/wasm": "wasm",
    "application/x-bittorrent": "torrent",
    "application/vnd.sqlite3": "sqlite sqlite3",
    "application/vnd.apache.parquet": "parquet",
    "application/x-hdf5": "h5 hdf5",
    "application/x-netcdf": "nc cdf",
    "application/dicom": "dcm",
    "application/x-shockwave-flash": "swf",
    "application/octet-stream": "bin a bz2 dll exe lzma o obj so xz",
    # Pictures, fonts, sound and film.
    "image/png": "png",
    "image/apng": "apng",
    "image/jpeg": "jpg jpeg jpe jfif",
    "image/gif": "gif",
    "image/webp": "webp",
    "image/avif": "avif",
    "image/heic": "heic",
    "image/heif": "heif",
    "image/jxl": "jxl",
    "image/jp2": "jp2",
    "image/svg+xml": "svg",
    "image/bmp": "bmp dib",
    "image/tiff": "tiff tif",
    "image/x-icon": "ico",
    "image/vnd.adobe.photoshop": "psd",
    "image/vnd.dxf": "dxf",
    "image/vnd.dwg": "dwg",
    "image/emf": "emf",
    "image/wmf": "wmf",
    "image/x-portable-bitmap": "pbm",
    "image/x-portable-graymap": "pgm",
    "image/x-portable-pixmap": "ppm",
    "image/x-portable-anymap": "pnm",
    "font/ttf": "ttf",
    "font/otf": "otf",
    "font/woff": "woff",
    "font/woff2": "woff2",
    "font/collection": "ttc",
    "audio/mpeg": "mp3 mp2 mpga",
    "audio/mp4": "m4a",
    "audio/aac": "aac adts",
    "audio/ogg": "ogg oga",
    "audio/opus": "opus",
    "audio/flac": "flac",
    "audio/wav": "wav",
    "audio/amr": "amr",
    "audio/midi": "mid midi",
    "audio/x-aiff": "aiff aif aifc",
    "audio/x-ms-wma": "wma",
    "audio/basic": "au snd",
    "application/vnd.apple.mpegurl": "m3u8 m3u",
    "application/ogg": "ogx",
    "video/mp4": "mp4 m4v mp4v",
    "video/mpeg": "mpeg mpg mpe m1v",
    "video/quicktime": "mov qt",
    "video/webm": "webm",
    "video/ogg": "ogv",
    "video/3gpp": "3gp 3gpp",
    "video/3gpp2": "3g2",
    "video/x-msvideo": "avi",
    "video/x-matroska": "mkv",
    "video/x-ms-wmv": "wmv",
    "video/x-flv": "flv",
    "model/stl": "stl",
    "model/step": "step stp",
    "model/gltf-binary": "glb",
    "model/gltf+json": "gltf",
    "model/3mf": "3mf",
    # Mail.
    "message/rfc822": "eml mht mhtml nws",
    "application/mbox": "mbox",
}


@cache
def _types() -> dict[str, str]:
    return {
        extension: kind
        for kind, extensions in _EXTENSIONS.items()
        for extension in extensions.split()
    }


def type_of_file(filename: str) -> str | None:
    """
    The content type for the name of a file; None if its extension says nothing.

    Of a packed file it is the type of the packing: ``a.csv.gz`` is no CSV. Where a packing has no
    registered type, it is ``application/octet-stream``.
    """
    _, dot, extension = filename.rpartition(".")
    return _types().get(extension.lower()) if dot else None


def extension_of(mime_type: str) -> str:
    """The usual extension of a file of a type, with its dot; empty if there is none."""
    extensions = _EXTENSIONS.get(mime_type.lower(), "").split()
    return f".{extensions[0]}" if extensions else ""
