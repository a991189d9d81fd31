//! The field classes of Django and of well-known packages, by what they keep.

use crate::host::flow::Evaluator;
use crate::host::value::Call;
use crate::ir::Name;

use super::said;

/// How large a whole number may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum IntegerSize {
    /// Two bytes.
    Small,
    #[default]
    /// Four bytes.
    Normal,
    /// Eight bytes.
    Big,
}

/// What a field keeps.
#[derive(Clone, Debug, PartialEq)]
pub enum FieldKind {
    /// A number that the database counts up.
    Auto(IntegerSize),
    /// A whole number.
    Integer(IntegerSize),
    /// A whole number that is not negative.
    PositiveInteger(IntegerSize),
    /// True or false.
    Boolean,
    /// Text of at most so many characters; any number of them where nothing is said.
    Char(Option<u32>),
    /// Text.
    Text,
    /// A day.
    Date,
    /// A point in time.
    DateTime,
    /// A time of day.
    Time,
    /// A length of time.
    Duration,
    /// A number of so many digits, and so many of them behind the point.
    Decimal(u32, u32),
    /// A number.
    Float,
    /// Bytes.
    Binary,
    /// A UUID.
    Uuid,
    /// An address of a network.
    Inet,
    /// JSON.
    Json,
    /// Several values of one kind.
    Array(Box<FieldKind>),
    /// From one value to another, by the column type of PostgreSQL.
    Range(&'static str),
    /// Text that is compared without regard to case, of a type of its own.
    CaselessText,
    /// Keys and values of PostgreSQL's `hstore`.
    HStore,
    /// Words to be searched for.
    SearchVector,
    /// A shape on a map, by its type.
    Geometry(&'static str),
    /// A foreign key.
    ForeignKey,
    /// A foreign key that is unique.
    OneToOne,
    /// A relation by a table between; no column.
    ManyToMany,
    /// An object of any model, by the fields of its type and its key; no column.
    GenericKey(Name, Name),
    /// The other end of a [`FieldKind::GenericKey`], by its fields; no column.
    GenericRelation(Name, Name),
    /// A primary key of several fields; no column.
    CompositeKey(Vec<Name>),
    /// What the database computes.
    Generated(Box<FieldKind>),
    /// Any other, by its column type.
    Custom(String),
    /// Nobody can tell.
    Unknown,
}

impl FieldKind {
    /// Says whether the model's table has a column for it.
    pub fn has_column(&self) -> bool {
        !matches!(self, Self::ManyToMany | Self::GenericKey(..) | Self::GenericRelation(..) | Self::CompositeKey(_))
    }

    /// Says whether the column is a key of another table.
    pub fn is_key(&self) -> bool {
        matches!(self, Self::ForeignKey | Self::OneToOne)
    }
}

/// Says whether a path names a field class; one that is not known counts where it is called so.
pub(super) fn is_field(path: &str) -> bool {
    let name = path.rsplit('.').next().unwrap_or(path);
    let elsewhere =
        ["forms.", "serializers.", "graphene.", "marshmallow", "wtforms", "rest_framework", "django_filters"];
    let is_elsewhere = elsewhere.iter().any(|part| path.contains(part));
    !is_elsewhere && (name.ends_with("Field") || name.ends_with("ForeignKey") || KEYS.contains(&name))
}

/// Field classes that are not called so.
const KEYS: &[&str] = &[
    "ParentalKey",
    "TreeManyToManyField",
    "GenericRelation",
    "TaggableManager",
    "ClusterTaggableManager",
    "OrderWrt",
    "CompositePrimaryKey",
];

/// Says whether a class makes an index where nothing is said.
pub(super) fn is_indexed(base: &str) -> bool {
    matches!(
        base,
        "ForeignKey" | "TreeForeignKey" | "ParentalKey" | "SortableForeignKey" | "SlugField" | "AutoSlugField"
    )
}

/// What a field class keeps.
pub(super) fn kind(evaluator: &mut Evaluator<'_, '_>, base: &str, arguments: &Call) -> FieldKind {
    use FieldKind as F;
    use IntegerSize::{Big, Normal, Small};
    let number = |position: usize, name: &str| {
        let value = said(arguments, position, name).and_then(|value| value.integer());
        value.and_then(|value| u32::try_from(value).ok())
    };
    let char = |length: u32| F::Char(Some(number(99, "max_length").unwrap_or(length)));
    let of_fields = |first: &str, second: &str, at: usize| {
        let name = |position: usize, name: &str, plain: &str| {
            let said = said(arguments, position, name).and_then(|value| value.text());
            Name::from(said.unwrap_or_else(|| plain.to_owned()))
        };
        (name(at, first, "content_type"), name(at + 1, second, "object_id"))
    };
    match base {
        "AutoField" => F::Auto(Normal),
        "BigAutoField" => F::Auto(Big),
        "SmallAutoField" => F::Auto(Small),
        "IntegerField" | "OrderWrt" => F::Integer(Normal),
        "BigIntegerField" | "BitField" => F::Integer(Big),
        "SmallIntegerField" => F::Integer(Small),
        "PositiveIntegerField" => F::PositiveInteger(Normal),
        "PositiveBigIntegerField" => F::PositiveInteger(Big),
        "PositiveSmallIntegerField" => F::PositiveInteger(Small),
        "BooleanField" | "NullBooleanField" => F::Boolean,
        "CharField" | "CommaSeparatedIntegerField" | "MultiSelectField" | "EncryptedCharField" => {
            F::Char(number(99, "max_length"))
        }
        "EmailField" => char(254),
        "SlugField" | "AutoSlugField" | "FSMField" => char(50),
        "URLField" => char(200),
        "FileField"
        | "ImageField"
        | "FilePathField"
        | "ThumbnailerImageField"
        | "ResizedImageField"
        | "VersatileImageField"
        | "StdImageField"
        | "StatusField" => char(100),
        "PhoneNumberField" => char(128),
        "TimeZoneField" => char(63),
        "CountryField" => char(2),
        "ColorField" => char(25),
        "ShortUUIDField" => char(22),
        "TextField"
        | "RichTextField"
        | "StreamField"
        | "MarkdownField"
        | "HTMLField"
        | "EncryptedTextField"
        | "RichTextUploadingField"
        | "I18nCharField"
        | "I18nTextField" => F::Text,
        "DateField" => F::Date,
        "DateTimeField"
        | "CreationDateTimeField"
        | "ModificationDateTimeField"
        | "AutoCreatedField"
        | "AutoLastModifiedField"
        | "MonitorField" => F::DateTime,
        "TimeField" => F::Time,
        "DurationField" => F::Duration,
        "DecimalField" => F::Decimal(number(2, "max_digits").unwrap_or(0), number(3, "decimal_places").unwrap_or(0)),
        "FloatField" => F::Float,
        "BinaryField" => F::Binary,
        "UUIDField" => F::Uuid,
        "GenericIPAddressField" | "IPAddressField" | "InetAddressField" => F::Inet,
        "CidrAddressField" => F::Custom("cidr".to_owned()),
        "MACAddressField" => F::Custom("macaddr".to_owned()),
        "JSONField" => F::Json,
        "HStoreField" => F::HStore,
        "CITextField" | "CICharField" | "CIEmailField" => F::CaselessText,
        "SearchVectorField" => F::SearchVector,
        "IntegerRangeField" => F::Range("int4range"),
        "BigIntegerRangeField" => F::Range("int8range"),
        "DecimalRangeField" | "FloatRangeField" => F::Range("numrange"),
        "DateTimeRangeField" => F::Range("tstzrange"),
        "DateRangeField" => F::Range("daterange"),
        "ArrayField" => {
            let item = said(arguments, 0, "base_field").and_then(|item| super::read(evaluator, item));
            item.map_or(F::Unknown, |item| F::Array(Box::new(item.kind)))
        }
        "GeneratedField" => {
            let output = arguments.named("output_field").and_then(|output| super::read(evaluator, output));
            output.map_or(F::Unknown, |output| F::Generated(Box::new(output.kind)))
        }
        "ForeignKey" | "TreeForeignKey" | "ParentalKey" | "SortableForeignKey" => F::ForeignKey,
        "OneToOneField" | "TreeOneToOneField" | "AutoOneToOneField" => F::OneToOne,
        "ManyToManyField"
        | "TreeManyToManyField"
        | "ParentalManyToManyField"
        | "SortedManyToManyField"
        | "TaggableManager"
        | "ClusterTaggableManager" => F::ManyToMany,
        "CompositePrimaryKey" => {
            let names = arguments.positional.iter().filter_map(|name| name.text());
            F::CompositeKey(names.map(Name::from).collect())
        }
        "GenericForeignKey" => {
            let (kind, id) = of_fields("ct_field", "fk_field", 0);
            F::GenericKey(kind, id)
        }
        "GenericRelation" => {
            let (kind, id) = of_fields("content_type_field", "object_id_field", 1);
            F::GenericRelation(kind, id)
        }
        _ => geometry(base).map_or(F::Unknown, F::Geometry),
    }
}

fn geometry(base: &str) -> Option<&'static str> {
    Some(match base {
        "GeometryField" => "geometry",
        "PointField" => "geometry(POINT,4326)",
        "LineStringField" => "geometry(LINESTRING,4326)",
        "PolygonField" => "geometry(POLYGON,4326)",
        "MultiPointField" => "geometry(MULTIPOINT,4326)",
        "MultiLineStringField" => "geometry(MULTILINESTRING,4326)",
        "MultiPolygonField" => "geometry(MULTIPOLYGON,4326)",
        "GeometryCollectionField" => "geometry(GEOMETRYCOLLECTION,4326)",
        "RasterField" => "raster",
        _ => return None,
    })
}
